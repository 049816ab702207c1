// Prelude: runs JavaScript programs in a bare isolate. Follows the other parts in one function body.
// $0, $1: shared memory of standard output and error; $2: schedule(id, ms); $3: exit(report);
// $4: locate(specifier, parent, kind) as package-files.ts has it; $5: randomBytes(count) -> ArrayBuffer.

const encoder = new TextEncoder();
const writers = { 1: createWriter($0), 2: createWriter($1) };
const leave = $3;

const noProgram = () => ({ stdin: new Uint8Array(0), fail() {}, exit() {}, settleWhenIdle() {} });

/** The running program: its input, and its handlers of errors and of the moment when nothing is pending. */
let program = noProgram();
const print = (fd, text) => {
  if (program.report === undefined) writers[fd](encoder.encode(text));
};

// What programs share that follow each other.
const { fs, files, put } = createFileSystem(() => program.stdin);
const timers = createTimers($2, (error) => program.fail(error));
const fileNames = createFileNames();
let programs = 0;
const constants = new Set();
defineGlobals({ fs, print, exit: (exitCode) => program.exit(exitCode), locate: $4, randomBytes: $5 });

/** Runs one program; resolves with a InterpreterReport (workers/serve-worker.ts). */
function run({ code, fileName, stdin, files: given, keep, artifactLimits }) {
  for (const writer of Object.values(writers)) writer.restart();
  programs += 1;
  for (const { path, data } of given) put(path, data);
  const unchanged = new Map(files);

  const { promise, resolve } = Promise.withResolvers();
  const name = keep ? `${fileName}#${programs}` : fileName;
  const end = (makeEnding) => {
    if (self.report !== undefined) return;
    self.report = makeReport(makeEnding, () => collectArtifacts(unchanged, artifactLimits));
    resolve(self.report);
  };
  const fail = (error) =>
    end(() => {
      const frames = (of) => fileNames.framesOf(of, name);
      const ending = failedBy(error, { code: { text: code, name: fileName }, frames });
      print(2, `${ending.error.traceback}\n`);
      return ending;
    });
  const exit = (exitCode) => {
    end(() => endedBy(exitCode));
    if (keep) throw new ProgramExit(exitCode);
    leave(self.report);
    // process.exit() does not return. The owner has the report and ends this process.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  let settled;
  const settleWhenIdle = () => {
    if (settled !== undefined && timers.isIdle) end(() => settled);
  };
  const self = { report: undefined, stdin, fail, exit, settleWhenIdle };
  program = self;

  const start = async () => {
    try {
      const value = await evaluate(code, name, keep);
      settled = { ...succeeded, result: value === undefined ? null : inspector.inspect(value).slice(0, MAX_TEXT) };
      settleWhenIdle();
    } catch (error) {
      fail(error);
    }
  };
  void start();
  return promise;
}

/** A program may have replaced what its report is made with; there is one nevertheless. */
function makeReport(makeEnding, collect) {
  try {
    timers.clear();
    return { ...makeEnding(), ...collect() };
  } catch {
    const error = { type: 'Error', message: 'The program has broken what its report is made with', traceback: '' };
    return { ...succeeded, error, exit_code: 1, artifacts: [], artifacts_truncated: false };
  }
}

/** Ends the program for an error that only the engine reports: a rejected promise without a handler. */
function abandon({ name, message, stack }) {
  program.fail(Object.assign(new Error(message), { name, stack }));
  return program.report;
}

/** Thrown by process.exit() in a program whose state is kept: its report is made, the rest of it does not run. */
class ProgramExit extends Error {
  constructor(exitCode) {
    super(`process.exit(${exitCode})`);
  }
}

/** The value of the last expression; what it promises, where it is a promise. */
async function evaluate(code, fileName, keep) {
  const { declarations, source, columnOf } = prepare(code, keep);
  fileNames.remember(fileName, columnOf);
  if (declarations !== undefined) runScript(declarations, fileName);
  return runScript(source, fileName);
}

const runScript = (text, fileName) => indirectEval(`${text}\n//# sourceURL=${fileName}`);

function prepare(code, keep) {
  try {
    return prepareProgram(code, keep ? constants : undefined);
  } catch (error) {
    if (error.loc === undefined) throw error;
    return refuse(code, error);
  }
}

/** The engine may know syntax that the parser does not: only when both refuse is the parser's position used. */
function refuse(code, error) {
  try {
    new Function(code);
  } catch {
    const { line, column } = error.loc;
    throw Object.assign(new SyntaxError(error.message.replace(/ \(\d+:\d+\)$/, '')), { at: { line, column } });
  }
  return { source: code, columnOf: (_line, column) => column };
}

/** The files below the working directory that the program made or changed, as far as the limits go. */
function collectArtifacts(unchanged, limits) {
  const artifacts = [];
  let bytes = 0;
  let artifacts_truncated = false;
  for (const [path, data] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith(`${WORK_DIR}/`) || unchanged.get(path) === data) continue;
    const relative = path.slice(WORK_DIR.length + 1);
    const isTooMuch = artifacts.length === limits.count || bytes + data.length > limits.bytes;
    if (isTooMuch || relative.length > limits.path_chars) artifacts_truncated = true;
    else {
      artifacts.push({ path: relative, data });
      bytes += data.length;
    }
  }
  return { artifacts, artifacts_truncated };
}

/** Leaves no trace of the programs so far, which were the runtime's own. */
function forget() {
  programs = 0;
  program = noProgram();
  fileNames.forget();
}

function fire(id) {
  timers.fire(id);
  program.settleWhenIdle();
}

// Compiles ahead what every program needs.
prepareProgram('import fs from "fs"; const a = await (async () => 1)(); `${a}`');
inspector.format('%s', 'x', { a: [1, new Error('x')] });
createConsole(inspector, () => {}).log(fs.readdirSync('.'));
collectArtifacts(new Map(), { count: 0, bytes: 0, path_chars: 0 });

return { run, fire, abandon, forget };
