const util = process.getBuiltinModule('node:util');

const { inspect } = util;
const { stringify } = JSON;
const asText = String;
const { apply } = Reflect;
const { slice } = String.prototype;

/** Returns the beginning of a text, whatever a program has made of the methods of strings. */
const beginningOf = (text: string, length: number): string => apply(slice, text, [0, length]);

/** The folder of programs; their frames are shown without it. */
export const WORK = '/work/';

/** The end of a program, in the fields of a report. */
export interface Outcome {
  readonly result: string | null;
  readonly error: ProgramError | null;
  readonly exit_code: number;
  readonly out_of_memory: boolean;
}

export interface ProgramError {
  readonly type: string;
  readonly message: string;
  readonly traceback: string;
}

/** Maps a place in a file as it runs to the place that its author knows. */
export type PlaceMap = (file: string, line: number, column: number) => string | undefined;

const MAX_TEXT = 100_000;
const MAX_TYPE = 200;

/** Shows a value as the interactive Node does; undefined as nothing. */
export function showResult(value: unknown): string | null {
  if (value === undefined) return null;
  try {
    return beginningOf(inspect(value), MAX_TEXT);
  } catch {
    return '<the result cannot be shown>';
  }
}

/** Describes an uncaught error, with the frames of the program's own files only. */
export function explainError(error: unknown, placeOf: PlaceMap): ProgramError {
  try {
    if (!util.types.isNativeError(error)) {
      const text = inspect(error).slice(0, MAX_TEXT);
      return { type: 'Uncaught', message: text, traceback: `Uncaught ${text}` };
    }
    const hint = hintFor(error);
    const message = asText(error.message) + hint;
    const shown = ownFrames(inspect(error), placeOf);
    return {
      type: typeOf(error).slice(0, MAX_TYPE),
      message: message.slice(0, MAX_TEXT),
      traceback: `${shown}${hint === '' ? '' : `\n${hint.trim()}`}`.slice(0, 2 * MAX_TEXT),
    };
  } catch {
    return { type: 'Uncaught', message: 'an error that cannot be shown', traceback: 'Uncaught' };
  }
}

/** The class of an error: many do not set the name. */
function typeOf(error: Error): string {
  const name = asText(error.name);
  const { constructor } = error;
  return name === 'Error' && typeof constructor === 'function' && constructor.name !== '' ? constructor.name : name;
}

/** A place in a file of the program: `file:///work/main.mjs:1:2`. */
const PLACE = /(?:file:\/\/)?(\/work\/[^():]+):(\d+):(\d+)/;
/** Node's own names for the program. */
const MAIN = /^(?:Object\.<anonymous>|eval)$/;

/** Returns the text of an error with the frames of the program's own files alone. */
function ownFrames(text: string, placeOf: PlaceMap): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const kept = /^\s+at /.test(line)
      ? ownFrame(line, placeOf)
      : /^\s+\.\.\. \d+ lines matching/.test(line)
        ? []
        : [headLine(line, placeOf)];
    lines.push(...kept);
    // Properties of the error follow its last frame, which may be none of its own.
    if (kept.length === 0 && line.endsWith(' {')) lines.push(`${lines.pop() ?? ''} {`);
  }
  return lines.join('\n').replace(/^(.*\n.*\n\s*\^+)\n\n/, '$1\n');
}

/** `    at f (file:///work/main.mjs:1:2)`, `    at async /work/main.js:1:2`, `    at eval (eval at f (/work/…), …)`. */
function ownFrame(line: string, placeOf: PlaceMap): readonly string[] {
  const found = PLACE.exec(line);
  if (found === null) return [];
  const [text, file = '', row = '', column = ''] = found;
  const place = (placeOf(file, Number(row), Number(column)) ?? `${file}:${row}:${column}`).slice(WORK.length);
  const indent = line.slice(0, line.indexOf('at '));
  const name = line.slice(indent.length + 'at '.length, found.index).replace(/ \($/, '');
  const after = line.slice(found.index + text.length);
  if (MAIN.test(name)) return [`${indent}at ${place}${after.replace(/^\)/, '')}`];
  return [line.replace(text, () => place)];
}

/** A syntax error begins with its place. */
const headLine = (line: string, placeOf: PlaceMap): string => {
  const [, file = '', row = ''] = /^(?:file:\/\/)?(\/work\/[^:]+):(\d+)$/.exec(line) ?? [];
  if (file === '') return line.replaceAll(`file://${WORK}`, WORK);
  const place = placeOf(file, Number(row), 0)?.replace(/:\d+$/, '') ?? `${file}:${row}`;
  return place.slice(WORK.length);
};

/** The way to get a package that is missing. */
function hintFor(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return '';
  const [, name = ''] =
    /Cannot find (?:package|module) '((?:@[\w.-]+\/)?[\w-][\w.-]*)(?:\/[^']*)?'/.exec(error.message) ?? [];
  return name === '' ? '' : `\nTo have it, pass packages: [${stringify(name)}] with the program`;
}

/** The end of a program that ended by itself with an exit code. */
export const exited = (exitCode: number, how: string): Outcome => ({
  result: null,
  error: exitCode === 0 ? null : { type: 'Exit', message: how, traceback: '' },
  exit_code: exitCode,
  out_of_memory: false,
});

export const failed = (error: ProgramError): Outcome => ({
  result: null,
  error,
  exit_code: 1,
  out_of_memory: error.type === 'RangeError' && /allocation failed|out of memory/i.test(error.message),
});

/** Returns an outcome as JSON. Only primitive values are given to the engine, which no program can give a `toJSON`. */
export function reportText({ result, error, exit_code, out_of_memory }: Outcome): string {
  const text = (value: string | null): string => (value === null ? 'null' : stringify(value));
  const described =
    error === null
      ? 'null'
      : `{"type":${text(error.type)},"message":${text(error.message)},"traceback":${text(error.traceback)}}`;
  return `{"result":${text(result)},"error":${described},"exit_code":${exit_code},"out_of_memory":${out_of_memory}}`;
}
