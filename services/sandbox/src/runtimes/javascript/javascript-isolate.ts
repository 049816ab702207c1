import { randomBytes } from 'node:crypto';
import ivm from 'isolated-vm';
import type { InterpreterProgram, InterpreterReport } from '../../workers/serve-worker.ts';
import { type Guest, startGuest } from '../isolate/guest.ts';
import { createIsolate, handOver } from '../isolate/isolate.ts';
import { createOutputRing } from '../isolate/output-ring.ts';
import type { LocatePackageFile } from './package-files.ts';

const MIB = 1_024 ** 2;

/** The memory that a warm isolate is made for; a program with another limit gets an isolate of its own. */
export const WARM_MEMORY_BYTES = 512 * MIB;
/** Heap that the guest takes, in MiB. */
const GUEST_MB = 16;

/** As Web Crypto has it. */
const MAX_RANDOM_BYTES = 65_536;

/** `fileName` is how tracebacks name it. */
export interface JavaScriptProgram extends InterpreterProgram {
  readonly fileName: string;
}

export interface JavaScriptOptions {
  readonly guest: Guest;
  readonly memoryBytes: number;
  /** Finds the files of packages; without it there are none. */
  readonly locate?: LocatePackageFile | undefined;
}

const locateNothing: LocatePackageFile = () => ({ refusal: '', code: 'MODULE_NOT_FOUND', packages: [] });

/** Makes an isolate that runs one program, or those of a session one after the other. */
export async function createJavaScriptInterpreter({ guest, memoryBytes, locate = locateNothing }: JavaScriptOptions) {
  const made = await createIsolate(Math.ceil(memoryBytes / MIB) + GUEST_MB, guest.snapshot);
  const { isolate, context } = made;
  const stdout = createOutputRing();
  const stderr = createOutputRing();
  let current = Promise.withResolvers<InterpreterReport>();

  const schedule = (id: number, ms: number) => {
    setTimeout(() => void enter('fire', id).catch((error: unknown) => current.reject(error)), ms);
  };
  const copied = <Value>(value: Value) => new ivm.ExternalCopy(value).copyInto({ release: true });
  const functions = await startGuest({ isolate, context, guest }, [
    ['stdout', handOver(stdout.memory)],
    ['stderr', handOver(stderr.memory)],
    ['schedule', new ivm.Callback(schedule, { ignored: true })],
    ['finish', new ivm.Callback((report: InterpreterReport) => current.resolve(report), { ignored: true })],
    ['locate', new ivm.Callback((...asked: Parameters<LocatePackageFile>) => copied(locate(...asked)))],
    ['randomBytes', new ivm.Callback((count: number) => copied(randomBytes(Math.min(count, MAX_RANDOM_BYTES)).buffer))],
  ]);
  const call = (name: string, argument?: unknown): Promise<unknown> =>
    functions.getSync(name, { reference: true }).apply(undefined, [argument], { arguments: { copy: true } });

  /** Calls a function, and another one when all promises that can settle have settled. */
  const enter = async (name: string, argument?: unknown): Promise<void> => {
    if (isolate.isDisposed) return;
    try {
      await call(name, argument);
    } catch (cause) {
      // The engine rejects a call of ours when a promise of the program was rejected in it without a handler.
      if (isolate.isDisposed) throw cause;
      await call('abandon', describe(cause));
    }
    await call('idle');
  };
  const run = (program: JavaScriptProgram): Promise<InterpreterReport> => {
    current = Promise.withResolvers<InterpreterReport>();
    const { promise } = current;
    return made.settle(Promise.race([promise, enter('run', program).then(() => promise)]));
  };

  return {
    stdout,
    stderr,
    /** Runs a program of ours, of which nothing is left. */
    rehearse: async (): Promise<InterpreterReport> => {
      const report = await run({ ...REHEARSAL, memoryBytes });
      await call('forget');
      return report;
    },
    /** Runs one program; the next only after that, in what the one before has left. */
    run: (program: JavaScriptProgram): Promise<InterpreterReport> => {
      stdout.restart();
      stderr.restart();
      return run(program);
    },
  };
}

const REHEARSAL = {
  fileName: 'main.js',
  language: 'javascript',
  code: '1 + 1',
  stdin: new Uint8Array(),
  files: [],
  keep: false,
  artifactLimits: { count: 0, workspace_count: 0, bytes: 0, path_chars: 0 },
};

function describe(cause: unknown) {
  if (!Error.isError(cause)) return { name: 'Uncaught', message: String(cause), stack: '' };
  const { name, message, stack = '' } = cause;
  return { name, message, stack };
}
