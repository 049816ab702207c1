/** An interpreter that gives up this near to its limit does so for want of memory. */
export const NEARLY_FULL_BYTES = 8 * 1_024 * 1_024;

/** The report of a program that took its interpreter down. */
const LOST = { result: null, exit_code: null, signal: null, error: null, out_of_memory: false, over: true };

interface Failure {
  readonly status?: unknown;
  readonly message?: unknown;
}
const failureOf = (error: unknown): Failure =>
  typeof error === 'object' && error !== null ? error : { message: error };

/** Returns the runner's report, or one of our own when the program took the interpreter down with it. */
export function endingOf(run: () => string, isFull: () => boolean): object {
  try {
    const report: unknown = JSON.parse(run());
    return typeof report === 'object' && report !== null ? report : LOST;
  } catch (error) {
    return lostBy(error, isFull);
  }
}

function lostBy(error: unknown, isFull: () => boolean): object {
  const { status, message: given } = failureOf(error);
  const message = String(given ?? error).slice(0, 1_000);
  const withError = (type: string, text = message) => ({ type, message: text, traceback: '' });
  // os._exit(n) arrives as Emscripten's ExitStatus.
  if (status === 0) return { ...LOST, exit_code: 0 };
  if (typeof status === 'number') {
    return { ...LOST, exit_code: status & 0xff, error: withError('SystemExit', `${status}`) };
  }
  if (isFull() || /allocation|array length/i.test(message)) {
    return { ...LOST, signal: 'SIGKILL', error: withError('OutOfMemory'), out_of_memory: true };
  }
  if (error instanceof RangeError) return { ...LOST, signal: 'SIGSEGV', error: withError('StackOverflow') };
  return { ...LOST, signal: 'SIGABRT', error: withError('FatalError') };
}
