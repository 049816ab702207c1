/** The end of a program. Its message says how, in words for an operator. */
export class ProcessEnd extends Error {
  override readonly name = 'ProcessEnd';
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of its standard error, the latest at the end. */
  readonly lastLines: readonly string[];

  constructor(message: string, { exitCode, signal, lastLines }: Pick<ProcessEnd, 'exitCode' | 'signal' | 'lastLines'>) {
    super(message);
    this.exitCode = exitCode;
    this.signal = signal;
    this.lastLines = lastLines;
  }
}
