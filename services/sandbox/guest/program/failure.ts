import { inspect } from 'node-inspect-extracted';
import type { ColumnMap } from '../../src/runtimes/javascript/source/column-map.ts';
import { hintFor } from './hints.ts';
import type { GuestEnding } from './report.ts';

/** Names programs in frames: `main.js`; one that ran before it in its session `main.js#1`, after its number. */
export interface FileNames {
  /** Remembers where the columns of a program's source were. */
  remember(fileName: string, columnOf: ColumnMap): void;
  forget(): void;
  /** Returns the frames of a stack that lie in programs, with the columns of their own text. */
  framesOf(error: Error, current: string): readonly string[];
}

export function createFileNames(): FileNames {
  const columns = new Map<string, ColumnMap>();
  return {
    remember: (fileName, columnOf) => void columns.set(fileName, columnOf),
    forget: () => columns.clear(),
    framesOf: ({ stack }, current) =>
      String(stack)
        .split('\n')
        .flatMap((line) => {
          const [, before = '', fileName = '', row, column, after = ''] = FRAME.exec(line) ?? [];
          const columnOf = columns.get(fileName);
          if (columnOf === undefined) return [];
          const place = `${Number(row)}:${columnOf(Number(row), Number(column))}`;
          const name = fileName === current ? fileName.replace(/#.*/, '') : fileName;
          return before === 'eval (' ? [`    at ${name}:${place}`] : [`    at ${before}${name}:${place}${after}`];
        }),
  };
}

/** `    at f (main.js:1:2)`, `    at main.js:1:2`; what an eval() of the program's has is shown as it is. */
const FRAME = /^ {4}at (|async |.*\()(main\.[jt]sx?(?:#\d+)?):(\d+):(\d+)((?!\d).*)$/s;

/** The most of a text in a report, in characters, and of the type of an error. */
export const MAX_TEXT = 100_000;
const MAX_TYPE = 200;

export const SUCCEEDED: GuestEnding = { result: null, error: null, exit_code: 0, signal: null, out_of_memory: false };

export function endedBy(exitCode: number): GuestEnding {
  if (exitCode === 0) return SUCCEEDED;
  return {
    ...SUCCEEDED,
    error: { type: 'Exit', message: `process.exit(${exitCode})`, traceback: '' },
    exit_code: exitCode,
  };
}

interface Failed {
  readonly code: { readonly text: string; readonly name: string };
  /** Returns the lines of an error's frames. */
  readonly frames: (error: Error) => readonly string[];
}

/** Returns the ending of a program by an uncaught error. */
export const failedBy = (error: unknown, failed: Failed) => ({
  ...SUCCEEDED,
  error: explain(error, failed),
  exit_code: 1,
  out_of_memory: isMemoryError(error),
});

const isMemoryError = (error: unknown): boolean =>
  error instanceof RangeError && /allocation failed|out of memory/i.test(error.message);

function explain(error: unknown, { code, frames }: Failed): NonNullable<GuestEnding['error']> {
  try {
    if (!(error instanceof Error)) {
      const text = inspect(error).slice(0, MAX_TEXT);
      return { type: 'Uncaught', message: text, traceback: `Uncaught ${text}` };
    }
    const type = textOf(error, 'name').slice(0, MAX_TYPE);
    const message = `${textOf(error, 'message')}${hintFor(error)}`.slice(0, MAX_TEXT);
    const lines = [...pointAt(error, code), `${type}: ${message}`, ...frames(error), ...causeOf(error, frames)];
    return { type, message, traceback: lines.join('\n').slice(0, 2 * MAX_TEXT) };
  } catch {
    return { type: 'Uncaught', message: 'an error that cannot be shown', traceback: 'Uncaught' };
  }
}

/** A program may have put anything there. */
const textOf = (error: { readonly name: unknown; readonly message: unknown }, name: 'name' | 'message'): string =>
  String(error[name]);

/** Returns what an error says of its cause. */
function causeOf({ cause }: Error, frames: Failed['frames']): readonly string[] {
  if (cause === undefined) return [];
  if (!(cause instanceof Error)) return [`  [cause]: ${inspect(cause)}`];
  return [
    `  [cause]: ${textOf(cause, 'name')}: ${textOf(cause, 'message')}`,
    ...frames(cause).map((line) => `  ${line}`),
  ];
}

/** Points at a syntax error, as an engine does. */
function pointAt(error: Error, { text, name }: Failed['code']): readonly string[] {
  if (!(error instanceof ProgramSyntaxError)) return [];
  const { line, column } = error.at;
  return [`${name}:${line}`, text.split('\n')[line - 1] ?? '', `${' '.repeat(column)}^`];
}

/** A program that neither the parser nor the engine accepts, and the place where the parser gave up. */
export class ProgramSyntaxError extends SyntaxError {
  readonly at: { readonly line: number; readonly column: number };

  constructor(message: string, at: ProgramSyntaxError['at']) {
    super(message);
    this.at = at;
  }
}
