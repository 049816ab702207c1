import { afterCheck, CHECK_INTERVAL_MS, type HealthCount } from '@toolmesh/shared/kit/service/health-count';

export interface HealthWatchOptions {
  /** The process that runs the service now; undefined while there is none. */
  readonly pid: () => number | undefined;
  /** Asks the service for any answer. Never rejects, and ends. */
  readonly ask: () => Promise<boolean>;
  /** Ends a process that hangs. */
  readonly onHung: () => void;
  readonly intervalMs?: number;
}

/** Asks a service that is ready again and again whether it answers. Returns a function that stops it. */
export function watchHealth({ pid, ask, onHung, intervalMs = CHECK_INTERVAL_MS }: HealthWatchOptions): () => void {
  let count: HealthCount = { pid: pid(), hasAnswered: true, failures: 0 };
  const check = async (): Promise<void> => {
    const startedAt = performance.now();
    const asked = pid();
    const isAnswering = asked !== undefined && (await ask());
    // The answer of a process that has ended meanwhile says nothing about the next one.
    if (asked === pid()) {
      const { isHung, ...next } = afterCheck(count, { pid: asked, isAnswering });
      count = next;
      if (isHung) onHung();
    }
    const spentMs = performance.now() - startedAt;
    timer = setTimeout(() => void check(), Math.max(0, intervalMs - spentMs)).unref();
  };
  let timer = setTimeout(() => void check(), intervalMs).unref();
  return () => clearTimeout(timer);
}
