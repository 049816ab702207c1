import ivm from 'isolated-vm';
import type { InterpreterReport } from '../../workers/serve-worker.ts';

/** The report of a program that ran out of memory and took its isolate with it. */
const OUT_OF_MEMORY: InterpreterReport = {
  result: null,
  error: { type: 'OutOfMemory', message: 'The program used more memory than it may', traceback: '' },
  exit_code: null,
  signal: 'SIGKILL',
  out_of_memory: true,
  over: true,
  artifacts: [],
  artifacts_truncated: false,
};

export interface Isolated {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
  readonly settle: (run: Promise<InterpreterReport>) => Promise<InterpreterReport>;
}

/**
 * Makes an isolate and its context, from a snapshot where there is one. `settle` turns the end of a run into a report even when memory has run out: V8 then
 * either disposes of the isolate or abandons it, after which nothing in it ever returns.
 */
export async function createIsolate(
  memoryLimitMb: number,
  snapshot?: ivm.ExternalCopy<ArrayBuffer>,
): Promise<Isolated> {
  const lost = Promise.withResolvers<InterpreterReport>();
  const isolate = new ivm.Isolate({
    memoryLimit: memoryLimitMb,
    ...(snapshot === undefined ? {} : { snapshot }),
    onCatastrophicError: () => lost.resolve(OUT_OF_MEMORY),
  });
  const settle = (run: Promise<InterpreterReport>): Promise<InterpreterReport> =>
    Promise.race([
      lost.promise,
      run.catch((error: unknown) => (isolate.isDisposed || isOutOfMemory(error) ? OUT_OF_MEMORY : fail(error))),
    ]);
  return { isolate, context: await isolate.createContext(), settle };
}

const isOutOfMemory = (error: unknown): boolean =>
  Error.isError(error) && /disposed during execution due to memory limit/i.test(error.message);

function fail(error: unknown): never {
  throw error;
}

/** Passes memory to the isolate: shared memory is shared, other memory moves there and is gone here. */
export function handOver(memory: ArrayBuffer | SharedArrayBuffer) {
  if (memory instanceof SharedArrayBuffer) return new ivm.ExternalCopy(memory).copyInto({ release: true });
  return new ivm.ExternalCopy(memory, { transferList: [memory] }).copyInto({ release: true, transferIn: true });
}
