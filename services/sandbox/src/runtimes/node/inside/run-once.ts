import type { Order } from './channel.ts';
import { cleanSource } from '../../javascript/source/clean-source.ts';
import { createEnding, type Ending, exitCodeOf, reportLast } from './ending.ts';
import { type Outcome } from './explain.ts';
import { evaluate, type Evaluated, prepareAsIs } from './evaluate.ts';
import { createMainModule, hookModules } from './modules.ts';
import { adaptStreamPaths } from './node-api.ts';
import { prepareOnce } from './program.ts';
import { createSource } from './source.ts';
import type { Settings } from './settings.ts';

const fs = process.getBuiltinModule('node:fs');
const util = process.getBuiltinModule('node:util');
const { apply } = Reflect;
const { then } = Promise.prototype;

/** Runs the only program of this process, which ends with it. */
export function runOnce({ code: given, language }: Order, { esbuild }: Settings): void {
  const isTypeScript = language === 'typescript';
  const file = isTypeScript ? '/work/main.ts' : '/work/main.js';
  const source = createSource();
  const ending = createEnding(source.placeOf);
  const hooks = hookModules({ esbuild, onTransformed: source.addFile });
  const main = createMainModule(file);
  const code = cleanSource(given);
  process.argv[1] = file;
  adaptStreamPaths(code);
  const removeFile = writeMain(file, code);
  followProcess(ending, removeFile);
  const program = source.prepare(
    code,
    { file, isTypeScript, esbuild },
    { known: prepareOnce, unknown: (text) => prepareAsIs(text, file) },
  );
  follow(
    start(() => evaluate(program, { file, ...main, setMain: hooks.setMain }), ending),
    ending,
  );
}

/** A program that throws at once has run, too: what it has caught or begun may go on. */
function start(run: () => Evaluated, ending: Ending): Evaluated {
  try {
    return run();
  } catch (error) {
    ending.settle(undefined, false);
    throw error;
  }
}

/** Notes the value of a program when it is there. An error is the process's: handlers of the program may catch it. */
function follow(evaluated: Evaluated, ending: Ending): void {
  const settle = (value: unknown): void => {
    const isPending = util.types.isPromise(value);
    ending.settle(value, isPending);
    // Without a handler here, a rejection remains what the program has left unhandled.
    if (isPending) void apply(then, value, [(result: unknown) => ending.settle(result, false)]);
  };
  if ('value' in evaluated) return settle(evaluated.value);
  apply(then, evaluated.running, [
    ({ value }: { readonly value: unknown }) => settle(value),
    (error: unknown) => {
      ending.settle(undefined, false);
      process.nextTick(() => {
        throw error;
      });
    },
  ]);
}

/** Reports the program when its process ends, after all that its own handlers do. */
function followProcess(ending: Ending, atEnd: () => void): void {
  const { emit, reallyExit } = nativeProcess();
  let isReported = false;
  let isLeaving = false;
  const report = (outcome: Outcome): void => {
    if (isReported) return;
    isReported = true;
    atEnd();
    reportLast(outcome);
  };
  const leave = (code: unknown): unknown => {
    report(ending.left(exitCodeOf(code)));
    return apply(reallyExit, process, [code]);
  };
  Reflect.set(process, 'reallyExit', leave);
  const { exit } = process;
  process.exit = (code) => {
    isLeaving = true;
    return apply(exit, process, [code]);
  };
  Reflect.set(process, 'emit', (...given: readonly unknown[]) => {
    const event = given[0];
    const handled: unknown = apply(emit, process, given);
    if (event === 'uncaughtExceptionMonitor' && !isHandled()) {
      const wasFailing = ending.hasFailed();
      ending.fail(given[1]);
      if (wasFailing || isLeaving) leave(1);
      process.exit(1);
    }
    if (event === 'exit' && !isLeaving) {
      const outcome = ending.drained(exitCodeOf(process.exitCode));
      process.exitCode = outcome.exit_code;
      report(outcome);
    }
    return handled;
  });
}

/** Returns true where the program catches what nothing else has caught. */
const isHandled = (): boolean =>
  process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();

function nativeProcess() {
  const emit: Function = process.emit;
  const reallyExit: Function = Reflect.get(process, 'reallyExit');
  return { emit, reallyExit };
}

/** Names by which programs start themselves again, or read their own text. */
const OWN_FILE = /\b(?:__filename|Worker|fork|cluster|argv|import\.meta)\b|\bmain\.[jt]s\b/;

/** Writes the program's own file, where it may look for it. Returns a function that removes what it has left alone. */
function writeMain(file: string, code: string): () => void {
  if (!OWN_FILE.test(code)) return () => {};
  const { readFileSync, unlinkSync, writeFileSync } = fs;
  try {
    writeFileSync(file, code, { flag: 'wx' });
  } catch {
    return () => {};
  }
  return () => {
    try {
      if (readFileSync(file, 'utf8') === code) unlinkSync(file);
    } catch {
      // It is gone.
    }
  };
}
