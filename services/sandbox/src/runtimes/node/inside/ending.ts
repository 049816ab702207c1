import { writeReport } from './channel.ts';
import {
  exited,
  explainError,
  failed,
  type Outcome,
  type PlaceMap,
  type ProgramError,
  reportText,
  showResult,
} from './explain.ts';

const fs = process.getBuiltinModule('node:fs');

const { writeSync } = fs;
const { kill, ppid } = process;
const { apply } = Reflect;
const { includes } = Array.prototype;

/** The exit code of Node for a program that awaits at its top level what nothing settles. */
const UNSETTLED = 13;
const UNSETTLED_TEXT = 'The program awaits at its top level a promise that nothing settles';

/** The progress of a program: its statements run; they have run, and its value is a promise; all is known. */
type Progress = { readonly kind: 'running' } | { readonly kind: 'pending' | 'done'; readonly value: unknown };

/** The state of a program so far, and what is to be reported of it. */
export function createEnding(placeOf: PlaceMap) {
  let progress: Progress = { kind: 'running' };
  let failure: ProgramError | undefined;
  let result: string | null = null;

  return {
    /** The statements have run. */
    settle(value: unknown, isPending: boolean): void {
      progress = { kind: isPending ? 'pending' : 'done', value };
      if (!isPending) result = showResult(value);
    },
    /** Nothing has caught an error: it is printed as it will be reported. */
    fail(error: unknown): void {
      if (failure !== undefined) return;
      failure = explainError(error, placeOf);
      print(`${failure.traceback}\n`);
    },
    hasFailed: (): boolean => failure !== undefined,
    /** Returns what to report of a program that has ended with nothing left to do. */
    drained(exitCode: number): Outcome {
      if (failure !== undefined) return { ...failed(failure), exit_code: exitCode === 0 ? 1 : exitCode };
      if (exitCode !== 0) return exited(exitCode, `process.exitCode = ${exitCode}`);
      if (progress.kind === 'running') {
        print(`${UNSETTLED_TEXT}\n`);
        return exited(UNSETTLED, UNSETTLED_TEXT);
      }
      if (progress.kind === 'pending') result = showResult(progress.value);
      return { ...exited(0, ''), result };
    },
    /** Returns what to report of a program that calls process.exit(). */
    left(exitCode: number): Outcome {
      if (failure !== undefined) return { ...failed(failure), exit_code: exitCode === 0 ? 1 : exitCode };
      return exited(exitCode, `process.exit(${exitCode})`);
    },
  };
}

export type Ending = ReturnType<typeof createEnding>;

function print(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // The program has closed it; the report has the error, too.
  }
}

/** Writes the only report of this process and tells the supervisor that it need not wait for the end. */
export function reportLast(outcome: Outcome): void {
  writeReport(reportText(outcome));
  // Processor time of children is counted at the end of a process alone.
  if (!hasLoaded('NativeModule child_process')) apply(kill, process, [ppid, 'SIGUSR1']);
}

/** Returns the exit code of a process as its parent would see it. */
export const exitCodeOf = (code: unknown): number => Number(code ?? process.exitCode ?? 0) & 0xff;

function hasLoaded(name: string): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  return Array.isArray(loaded) && apply(includes, loaded, [name]);
}
