/** A running service under test, in this process or in one of its own. */
export interface TestedService {
  readonly url: string;
  readonly port: number;
  /** Everything that it has logged, as parsed lines. */
  readonly log: readonly Record<string, unknown>[];
  /** Stops it gracefully and waits until it is gone; in this process `graceMs` overrides its setting. */
  stop(graceMs?: number): Promise<void>;
}
