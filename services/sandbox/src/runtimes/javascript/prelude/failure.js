// Prelude: the end of a program, for its report.

/** Names programs in frames: `main.js`; one that ran before it in its session `main.js#1`, after its number. */
function createFileNames() {
  const columns = new Map();
  return {
    /** Remembers where the columns of a program's source were. */
    remember: (fileName, columnOf) => void columns.set(fileName, columnOf),
    forget: () => columns.clear(),
    /** The frames of a stack that lie in programs, with the columns of their own text. */
    framesOf: ({ stack }, current) =>
      String(stack)
        .split('\n')
        .flatMap((line) => {
          const [, before, fileName, row, column, after] = FRAME.exec(line) ?? [];
          if (!columns.has(fileName)) return [];
          const place = `${Number(row)}:${columns.get(fileName)(Number(row), Number(column))}`;
          const name = fileName === current ? fileName.replace(/#.*/, '') : fileName;
          return before === 'eval (' ? [`    at ${name}:${place}`] : [`    at ${before}${name}:${place}${after}`];
        }),
  };
}

/** `    at f (main.js:1:2)`, `    at main.js:1:2`; what an eval() of the program's has is shown as it is. */
const FRAME = /^ {4}at (|async |.*\()(main\.[jt]s(?:#\d+)?):(\d+):(\d+)((?!\d).*)$/s;

const succeeded = { result: null, error: null, exit_code: 0, signal: null, out_of_memory: false };

function endedBy(exitCode) {
  if (exitCode === 0) return succeeded;
  return {
    ...succeeded,
    error: { type: 'Exit', message: `process.exit(${exitCode})`, traceback: '' },
    exit_code: exitCode,
  };
}

/** The ending of a program by an uncaught error. `show(error)` returns the lines of its frames. */
function failedBy(error, { code, frames }) {
  return { ...succeeded, error: explain(error, code, frames), exit_code: 1, out_of_memory: isMemoryError(error) };
}

/** The most of a text in a report, in characters, and of the type of an error. */
const MAX_TEXT = 100_000;
const MAX_TYPE = 200;

const isMemoryError = (error) => error instanceof RangeError && /allocation failed|out of memory/i.test(error.message);

function explain(error, code, frames) {
  try {
    if (!(error instanceof Error)) {
      const text = inspector.inspect(error).slice(0, MAX_TEXT);
      return { type: 'Uncaught', message: text, traceback: `Uncaught ${text}` };
    }
    const type = String(error.name).slice(0, MAX_TYPE);
    const message = String(error.message).slice(0, MAX_TEXT);
    const lines = [...pointAt(error.at, code), `${type}: ${message}`, ...frames(error)];
    return { type, message, traceback: lines.join('\n').slice(0, 2 * MAX_TEXT) };
  } catch {
    return { type: 'Uncaught', message: 'an error that cannot be shown', traceback: 'Uncaught' };
  }
}

/** Points at a syntax error, as an engine does. */
function pointAt(at, { text, name }) {
  if (at === undefined) return [];
  return [`${name}:${at.line}`, text.split('\n')[at.line - 1] ?? '', `${' '.repeat(at.column)}^`];
}
