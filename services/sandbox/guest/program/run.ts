import { inspect } from 'node-inspect-extracted';
import { prepareProgram } from '../../src/runtimes/javascript/source/prepare-program.ts';
import { runScript } from '../modules/evaluate.ts';
import { type FileWatch, watchFiles } from '../node/file-tree.ts';
import { process } from '../node/process.ts';
import type { Scratch } from '../shared/scratch.ts';
import type { Timers } from '../shared/timers.ts';
import { endedBy, failedBy, type FileNames, MAX_TEXT, ProgramSyntaxError, SUCCEEDED } from './failure.ts';
import { syntaxHint } from './hints.ts';
import type { GuestEnding, GuestProgram, GuestReport } from './report.ts';
import type { Ticks } from './ticks.ts';

/** The state that programs share which follow each other. */
export interface RunParts {
  readonly timers: Timers;
  readonly ticks: Ticks;
  readonly fileNames: FileNames;
  /** Names of constants that earlier programs of the session have declared. */
  readonly constants: Set<string>;
  readonly print: (fd: number, text: string) => void;
  readonly scratch: Scratch;
  /** Receives the report, once. */
  readonly finish: (report: GuestReport) => void;
  /** Ends the isolate's thread: what process.exit() does after the report of a program whose state is not kept. */
  readonly halt: () => void;
}

/** A program from its start to its report. */
export interface Run {
  readonly isOver: () => boolean;
  readonly start: () => void;
  readonly fail: (error: unknown) => void;
  readonly exit: (exitCode: number) => void;
  /** Ends the program where nothing is pending. Called when all promises that can settle have settled. */
  readonly idle: () => void;
}

/** Makes a run of a program; `number` is its place in its session. */
export function createRun(program: GuestProgram, number: number, parts: RunParts): Run {
  const { code, fileName, keep, artifactLimits } = program;
  const { timers, ticks, fileNames, constants, print, scratch, finish, halt } = parts;
  const name = keep ? `${fileName}#${number}` : fileName;
  const watch = watchFiles();
  let isOver = false;
  let isAsked = false;
  let settled: GuestEnding | undefined;

  const end = (makeEnding: () => GuestEnding) => {
    if (isOver) return;
    const report = makeReport(
      () => {
        const ending = makeEnding();
        emit('exit', ending.exit_code);
        return ending;
      },
      { timers, collect: () => watch.collect(artifactLimits, scratch.isMeant) },
    );
    isOver = true;
    finish(report);
  };
  const fail = (error: unknown) => {
    if (isOver || error instanceof ProgramExit || emit('uncaughtException', error)) return;
    end(() => {
      const frames = (of: Error) => fileNames.framesOf(of, name);
      const ending = failedBy(error, { code: { text: code, name: fileName }, frames });
      print(2, `${ending.error.traceback}\n`);
      return ending;
    });
  };
  const exit = (exitCode: number) => {
    end(() => endedBy(exitCode));
    if (keep) throw new ProgramExit(exitCode);
    halt();
  };
  const evaluate = async () => {
    try {
      const value = await evaluateProgram(code, name, { constants: keep ? constants : undefined, fileNames, ticks });
      settled = { ...SUCCEEDED, result: value === undefined ? null : inspect(value).slice(0, MAX_TEXT) };
    } catch (error) {
      fail(error);
    }
  };
  const idle = () => {
    if (isOver || settled === undefined || !timers.isIdle()) return;
    if (!isAsked && process.listenerCount('beforeExit') > 0) {
      isAsked = true;
      emit('beforeExit', 0);
      timers.functions.setTimeout(() => {}, 0);
      return;
    }
    const ending = settled;
    end(() => (process.exitCode ? endedBy(process.exitCode & 0xff) : ending));
  };
  return { isOver: () => isOver, start: () => void evaluate(), fail, exit, idle };
}

/** Emits an event of the process; returns true where somebody has listened. */
function emit(name: string, ...args: unknown[]): boolean {
  try {
    return process.emit(name, ...args);
  } catch {
    return false;
  }
}

interface ReportParts {
  readonly timers: Timers;
  readonly collect: () => ReturnType<FileWatch['collect']>;
}

/** A program may have replaced what its report is made with; there is one nevertheless. */
function makeReport(makeEnding: () => GuestEnding, { timers, collect }: ReportParts): GuestReport {
  try {
    timers.clear();
    const ending = makeEnding();
    return { ...ending, ...collectIfPossible(collect) };
  } catch {
    const error = { type: 'Error', message: 'The program has broken what its report is made with', traceback: '' };
    return { ...SUCCEEDED, error, exit_code: 1, artifacts: [], artifacts_truncated: false };
  }
}

/** A program that has filled its memory leaves no room for copies of its files. */
function collectIfPossible(collect: ReportParts['collect']): ReturnType<ReportParts['collect']> {
  try {
    return collect();
  } catch {
    return { artifacts: [], artifacts_truncated: true };
  }
}

/** Thrown by process.exit() in a program whose state is kept: its report is made, the rest of it does not run. */
class ProgramExit extends Error {
  constructor(exitCode: number) {
    super(`process.exit(${exitCode})`);
  }
}

interface EvaluateParts {
  readonly constants: Set<string> | undefined;
  readonly fileNames: FileNames;
  readonly ticks: Ticks;
}

/** Returns the value of the last expression; what it promises, where it is a promise. */
async function evaluateProgram(code: string, fileName: string, { constants, fileNames, ticks }: EvaluateParts) {
  const { declarations, source, columnOf } = prepare(code, constants);
  fileNames.remember(fileName, columnOf);
  if (declarations !== undefined) runScript(declarations, fileName);
  const value = runScript(source, fileName);
  ticks.run();
  return value;
}

function prepare(code: string, constants: Set<string> | undefined): ReturnType<typeof prepareProgram> {
  try {
    return prepareProgram(code, constants);
  } catch (error) {
    if (error instanceof SyntaxError && 'loc' in error && isPlace(error.loc)) return refuse(code, error, error.loc);
    throw error;
  }
}

interface Place {
  readonly line: number;
  readonly column: number;
}
const isPlace = (loc: unknown): loc is Place =>
  typeof loc === 'object' && loc !== null && 'line' in loc && 'column' in loc;

const compile = Function;

/** The engine may know syntax that the parser does not: only when both refuse is the parser's position used. */
function refuse(code: string, { message }: SyntaxError, at: Place): ReturnType<typeof prepareProgram> {
  try {
    compile(code);
  } catch {
    throw new ProgramSyntaxError(`${message.replace(/ \(\d+:\d+\)$/, '')}${syntaxHint(code, at)}`, at);
  }
  return { source: code, columnOf: (_line, column) => column };
}
