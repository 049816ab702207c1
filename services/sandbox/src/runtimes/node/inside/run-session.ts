import { type PreparedProgram, prepareProgram } from '../../javascript/source/prepare-program.ts';
import { nextOrder, type Order, tellDone, writeReport } from './channel.ts';
import { cleanSource } from '../../javascript/source/clean-source.ts';
import { createEnding, type Ending, exitCodeOf } from './ending.ts';
import { type Outcome, reportText } from './explain.ts';
import { createMainModule, hookModules } from './modules.ts';
import { adaptStreamPaths } from './node-api.ts';
import { createPendingWork, defineSessionGlobals, evaluateNext, renewStdin } from './session.ts';
import type { Settings } from './settings.ts';
import { createSource } from './source.ts';
import { forgetToolCalls } from './tools/module.ts';

const { apply } = Reflect;
const { then } = Promise.prototype;

/** Thrown by process.exit() in a program whose state is kept: its report is made, the rest of it does not run. */
class ProgramExit extends Error {}

const FILE = '/work/main.js';
const TYPESCRIPT_FILE = '/work/main.ts';

/** Runs the programs of a session one after the other. Between them this process waits, and nothing of it runs. */
export function runSession(first: Order, { esbuild }: Settings): void {
  const evaluator = createEvaluator(esbuild);
  const pending = createPendingWork();
  const output = openOutput();
  const calls = createCalls();
  const { setImmediate } = pending.native;

  const begin = (order: Order): void => {
    const { placeOf, value } = evaluator.start(order);
    const ending = createEnding(placeOf);
    output.open();
    forgetToolCalls();
    calls.begin(ending);
    process.exitCode = undefined;
    // The event loop turns at least once for each program, and tells its end.
    setImmediate(() => {});
    void apply(then, value(), [(result: unknown) => ending.settle(result, false), fail]);
  };
  const awaitNext = (): void => {
    // What of a program is on the stack ends first.
    setImmediate(() => begin(nextOrder()));
  };
  const fail = (error: unknown): void => {
    const ending = calls.running();
    if (ending === undefined || error instanceof ProgramExit) return;
    ending.fail(error);
    pending.drop();
    calls.end(ending.drained(1));
    awaitNext();
  };
  const drained = (): void => {
    const ending = calls.running();
    if (ending === undefined) return;
    pending.forget();
    calls.end(ending.drained(exitCodeOf(process.exitCode)));
    awaitNext();
  };
  const leave = (exitCode: number): void => {
    const ending = calls.running();
    if (ending === undefined) return;
    pending.drop();
    output.close();
    calls.end(ending.left(exitCode));
    awaitNext();
  };
  followProcess({ drained, fail, leave });
  // A program that computes is interrupted by V8 (session.ts), one that waits by this.
  process.on('SIGINT', () => fail(new Error('The program was interrupted')));
  begin(first);
}

/** The program that runs, and its report. */
function createCalls() {
  let ending: Ending | undefined;
  let used = process.cpuUsage();
  return {
    begin(next: Ending): void {
      ending = next;
      used = process.cpuUsage();
    },
    running: () => ending,
    /** Reports the program that runs: the supervisor stops this process until there is another. */
    end(outcome: Outcome): void {
      ending = undefined;
      const { user, system } = process.cpuUsage(used);
      writeReport(reportText(outcome).replace(/\}$/, `,"cpu_ms":${(user + system) / 1_000}}`));
      tellDone();
    },
  };
}

/** Prepares programs and evaluates them, in what those before have left. */
function createEvaluator(esbuild: string) {
  const source = createSource();
  hookModules({ esbuild, onTransformed: source.addFile });
  process.argv[1] = FILE;
  defineSessionGlobals({ file: FILE, ...createMainModule(FILE) });
  const constants = new Set<string>();
  let programs = 0;
  return {
    start({ code: given, language }: Order) {
      programs += 1;
      if (programs > 1) renewStdin();
      const isTypeScript = language === 'typescript';
      const name = isTypeScript ? TYPESCRIPT_FILE : FILE;
      const file = `${name}#${programs}`;
      const code = cleanSource(given);
      adaptStreamPaths(code);
      const value = async (): Promise<unknown> => {
        const prepared = source.prepare<PreparedProgram>(
          code,
          { file, isTypeScript, esbuild, keepsImports: true },
          {
            known: (text) => prepareProgram(text, constants),
            unknown: (text) => ({ source: text, columnOf: (_line, column) => column }),
          },
        );
        return evaluateNext(prepared, file);
      };
      return {
        value,
        /** Its own lines are `main.js:1`; those of an earlier one `main.js#1:1`. */
        placeOf: (path: string, line: number, column: number): string | undefined => {
          const place = source.placeOf(path, line, column) ?? `${path}:${line}:${column}`;
          return place.replace(`${file}:`, `${name}:`);
        },
      };
    },
  };
}

/** Closes the standard streams to a program that has exited and runs on all the same. */
function openOutput() {
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }));
  return {
    open(): void {
      for (const { stream, write } of streams) stream.write = write;
    },
    close(): void {
      for (const { stream } of streams) stream.write = () => true;
    },
  };
}

interface ProcessEvents {
  /** Nothing is left to do. */
  readonly drained: () => void;
  /** Nothing has caught an error. */
  readonly fail: (error: unknown) => void;
  /** The program calls process.exit(). */
  readonly leave: (exitCode: number) => void;
}

function followProcess({ drained, fail, leave }: ProcessEvents): void {
  const emit: Function = process.emit;
  const usual = process.getActiveResourcesInfo().length;
  Reflect.set(process, 'emit', (...given: readonly unknown[]) => {
    const event = given[0];
    const handled: unknown = apply(emit, process, given);
    // A handler of it may have begun something new: there will be another of these events then.
    if (event === 'beforeExit' && process.getActiveResourcesInfo().length <= usual) drained();
    if (event !== 'uncaughtException' || handled === true) return handled;
    fail(given[1]);
    return true;
  });
  process.exit = (code) => {
    process.exitCode = exitCodeOf(code);
    apply(emit, process, ['exit', process.exitCode]);
    leave(exitCodeOf(process.exitCode));
    throw new ProgramExit();
  };
}
