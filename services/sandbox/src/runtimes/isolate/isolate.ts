import { readFileSync } from 'node:fs';
import ivm from 'isolated-vm';
import type { GuestReport } from '../../workers/serve-worker.ts';

/** The parts of a guest, which run inside the isolate as one function body and share its scope. */
export const preludeSource = (files: readonly URL[]): string =>
  files.map((file) => readFileSync(file, 'utf8')).join('\n');

export const preludeFile = (name: string): URL => new URL(`./prelude/${name}`, import.meta.url);

/** The report of a program that ran out of memory and took its isolate with it. */
const OUT_OF_MEMORY: GuestReport = {
  result: null,
  error: { type: 'OutOfMemory', message: 'The program used more memory than it may', traceback: '' },
  exit_code: null,
  signal: 'SIGKILL',
  out_of_memory: true,
  over: true,
  artifacts: [],
  artifacts_truncated: false,
};

/**
 * A fresh isolate and its context. `settle` turns the end of a run into a report also when there is no memory left:
 * V8 then either disposes of the isolate or gives it up, after which nothing in it ever returns.
 */
export async function createIsolate(memoryLimitMb: number) {
  const lost = Promise.withResolvers<GuestReport>();
  const isolate = new ivm.Isolate({
    memoryLimit: memoryLimitMb,
    onCatastrophicError: () => lost.resolve(OUT_OF_MEMORY),
  });
  const settle = (run: Promise<GuestReport>): Promise<GuestReport> =>
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

/** Gives memory to the isolate: shared memory is shared, other memory moves there and is gone here. */
export function handOver(memory: ArrayBuffer | SharedArrayBuffer) {
  if (memory instanceof SharedArrayBuffer) return new ivm.ExternalCopy(memory).copyInto({ release: true });
  return new ivm.ExternalCopy(memory, { transferList: [memory] }).copyInto({ release: true, transferIn: true });
}
