// Prelude: hosts Pyodide in a bare isolate. Follows text-encoding.js, output.js and timers.js in one function body.
// $0, $1: shared memory of standard output and error; $2: schedule(id, ms); $3: display(json), which returns once it is
// on its way; $4: randomBytes(count) -> ArrayBuffer.

const WORK_DIR = '/work';
const OTHER_NAMES = ['/mnt/data', '/home/user', '/home/sandbox', '/workspace', '/content'];
const PACKAGES_DIR = '/packages';

const writers = { setStdout: createWriter($0), setStderr: createWriter($1) };
const timers = createTimers($2, () => {});
const [showDisplay, randomBytes] = [$3, $4];
const clock = new Int32Array(new SharedArrayBuffer(4));
/** Read by the patched getHeapMax() of the interpreter: the size to which its memory may grow. */
const limits = { heapBytes: 2 ** 32 - 65536 };

// Pyodide detects where it runs: `read` and `load` make it take us for a plain JavaScript shell.
globalThis.self = globalThis;
globalThis.read = () => {
  throw new Error('there are no files here');
};
globalThis.load = globalThis.read;
globalThis.console = { log() {}, info() {}, warn() {}, error() {}, debug() {}, trace() {} };
globalThis.performance = { timeOrigin: Date.now(), now: () => Date.now() - performance.timeOrigin };
globalThis.crypto = {
  getRandomValues(view) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    bytes.set(new Uint8Array(randomBytes(bytes.length)));
    return view;
  },
};
globalThis.URL ??= class URL {
  constructor(href) {
    this.href = String(href);
  }
  toString() {
    return this.href;
  }
};
globalThis.AbortController ??= class AbortController {
  signal = {};
  abort() {}
};

// The promises of the asynchronous forms settle on a thread that a bare isolate does not have.
{
  const { Module, Instance } = WebAssembly;
  WebAssembly.compile = async (bytes) => new Module(bytes);
  WebAssembly.instantiate = async (source, imports) => {
    if (source instanceof Module) return new Instance(source, imports);
    const module = new Module(source);
    return { module, instance: new Instance(module, imports) };
  };
  delete WebAssembly.instantiateStreaming;
  delete WebAssembly.compileStreaming;
}

let pyodide;

/** Loads the interpreter: from the saved memory `snapshot`, else from the start, ready to be saved. */
async function load(defineModule, defineLoader, { wasm, stdlib, lock, snapshot, modules }) {
  globalThis.readbuffer = (name) => {
    if (String(name).endsWith('.wasm')) return wasm;
    if (String(name).endsWith('.zip')) return stdlib;
    throw new Error(`there is no file ${name}`);
  };
  pyodide = await defineLoader().loadPyodide({
    indexURL: '/',
    packageBaseUrl: '/',
    createPyodideModule: defineModule(limits),
    lockFileContents: lock,
    // Python's `import js` shows this object instead of the isolate's globals.
    jsglobals: Object.freeze(Object.create(null)),
    env: { HOME: WORK_DIR },
    ...(snapshot === undefined ? { _makeSnapshot: true } : { _loadSnapshot: snapshot }),
  });
  delete globalThis.readbuffer;
  if (snapshot !== undefined) return;
  for (const [name, source] of Object.entries(modules)) {
    pyodide.globals.set('name', name);
    pyodide.globals.set('source', source);
    pyodide.runPython(`
      import sys, types
      module = sys.modules[name] = types.ModuleType(name)
      exec(compile(source, f"<{name}>", "exec"), module.__dict__)
      del module, name, source, sys, types
    `);
  }
  pyodide.pyimport('toolmesh_runner').prepare();
}

/** The interpreter's memory, to be given to `load` as `snapshot`. */
const save = () => pyodide.makeMemorySnapshot().slice().buffer;

let runner;
/** Size and time of the files before a program whose state is kept, by path. */
let stamps = new Map();
let isLimited = false;
/** Held from the start: Pyodide guards its own fields once the interpreter has met its end. */
let FS;
let heap;
/** An interpreter that gives up this near to its limit does so for want of memory. */
const NEARLY_FULL_BYTES = 8 * 1024 * 1024;

/**
 * Connects a restored interpreter to the world; returns the version of Python. `missing` names modules that no package
 * brings here; `packages` are files to be imported from.
 */
function start(missing, packages) {
  for (const [name, writer] of Object.entries(writers)) {
    pyodide[name]({
      isatty: false,
      write: (bytes) => {
        writer(bytes);
        lookForPaths(bytes);
        return bytes.length;
      },
    });
  }
  runner = pyodide.pyimport('toolmesh_runner');
  runner.start(
    (ms) => void Atomics.wait(clock, 0, 0, ms),
    (json) => void showDisplay(json),
  );
  runner.missing = pyodide.toPy(missing);
  ({ FS, _module: heap } = pyodide);
  if (packages.length > 0) addPackages(packages);
  FS.mkdirTree(WORK_DIR);
  for (const path of OTHER_NAMES) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (folder !== '') FS.mkdirTree(folder);
    if (!FS.analyzePath(path).exists) FS.symlink(WORK_DIR, path);
  }
  FS.chdir(WORK_DIR);
  return pyodide.runPython('import sys; sys.version.split()[0]');
}

function addPackages(packages) {
  for (const { path, data } of packages) writeFile(`${PACKAGES_DIR}/${path}`, data);
  pyodide.runPython(`import sys; sys.path.append("${PACKAGES_DIR}")`);
}

function writeFile(path, data) {
  FS.mkdirTree(path.replace(/\/[^/]*$/, ''));
  FS.writeFile(path, data);
}

/** Runs one program; returns a InterpreterReport (workers/serve-worker.ts). */
function run({ code, stdin, files, memoryBytes, keep, artifactLimits }) {
  for (const writer of Object.values(writers)) writer.restart();
  printed = '';
  // The memory of the first program is that of its session.
  if (!isLimited) limits.heapBytes = Math.min(limits.heapBytes, pyodide._module.HEAPU8.length + memoryBytes);
  isLimited = true;
  let read = 0;
  pyodide.setStdin({
    isatty: false,
    read: (target) => {
      const part = stdin.subarray(read, read + target.length);
      target.set(part);
      read += part.length;
      return part.length;
    },
  });
  for (const { path, data } of files) {
    try {
      writeFile(`${WORK_DIR}/${path}`, data);
    } catch {
      // Something is in its way; the program's own error will explain more.
    }
  }
  if (keep) stamps = stampFiles();
  return { ...runToEnd(code, keep), ...collectArtifacts(files, artifactLimits) };
}

function stampFiles() {
  const found = new Map([...filesBelow(WORK_DIR), ...filesBelow(SCRATCH)].map((path) => [path, stampOf(path)]));
  // What changes from here on has another time.
  const now = Date.now();
  while (found.size > 0 && Date.now() === now) Atomics.wait(clock, 0, 0, 0.1);
  return found;
}

function stampOf(path) {
  const { size, mtime } = FS.lstat(path);
  return `${size} ${mtime.getTime()}`;
}

/** The report of a program that took its interpreter down. */
const LOST = { result: null, exit_code: null, signal: null, error: null, out_of_memory: false, over: true };

/** Returns the runner's report, or one of our own when the program took the interpreter down with it. */
function runToEnd(code, keep) {
  const ended = (ending) => ({
    ...LOST,
    ...ending,
    error: ending.error === undefined ? null : { ...ending.error, traceback: '' },
  });
  try {
    return JSON.parse(runner.run(code, keep));
  } catch (failure) {
    const message = String(failure?.message ?? failure).slice(0, 1_000);
    // os._exit(n) arrives as Emscripten's ExitStatus.
    if (failure?.status === 0) return ended({ exit_code: 0 });
    if (typeof failure?.status === 'number')
      return ended({ exit_code: failure.status & 0xff, error: { type: 'SystemExit', message: `${failure.status}` } });
    const isFull =
      heap.HEAPU8.length > limits.heapBytes - NEARLY_FULL_BYTES || /allocation|array length/i.test(message);
    if (isFull) return ended({ signal: 'SIGKILL', error: { type: 'OutOfMemory', message }, out_of_memory: true });
    if (failure instanceof RangeError) return ended({ signal: 'SIGSEGV', error: { type: 'StackOverflow', message } });
    return ended({ signal: 'SIGABRT', error: { type: 'FatalError', message } });
  }
}

const SCRATCH = '/tmp';
/** Matches files of types that people want to have, but for names as those of `tempfile` (toolmesh_scratch.py). */
const RESULT =
  /^\/tmp\/(?!\.|(?:.*\/)?tmp[^/.]{8}[/.])(?:[^/]+\/)*[^/]+\.(?:csv|tsv|xlsx|docx|pptx|pdf|png|jpe?g|gif|webp|svg|html?|md|ipynb|zip|parquet|wav)$/i;
const MAX_PRINTED = 64 * 1024;
/** Output that may name files in SCRATCH. */
let printed = '';

function lookForPaths(bytes) {
  if (printed.length > MAX_PRINTED || bytes.length > MAX_PRINTED) return;
  const text = String.fromCharCode(...bytes);
  if (text.includes('/tmp/')) printed += text;
}

/** The regular files below the working directory that the program made or changed, as far as the limits go. */
function collectArtifacts(given, limits) {
  // A path that the program has printed is one that it means.
  const shown = filesBelow(SCRATCH).filter((path) => RESULT.test(path) || printed.includes(path));
  const unchanged = new Map(given.map(({ path, data }) => [path, data]));
  const artifacts = [];
  let bytes = 0;
  let artifacts_truncated = false;
  for (const path of [...filesBelow(WORK_DIR), ...shown]) {
    if (stamps.get(path) === stampOf(path)) continue;
    const data = readable(path);
    if (data === undefined) continue;
    const relative = path.startsWith(`${WORK_DIR}/`) ? path.slice(WORK_DIR.length + 1) : path.slice(1);
    if (isSame(unchanged.get(relative), data)) continue;
    const isTooMuch = artifacts.length === limits.count || bytes + data.length > limits.bytes;
    if (isTooMuch || relative.length > limits.path_chars) artifacts_truncated = true;
    else {
      artifacts.push({ path: relative, data });
      bytes += data.length;
    }
  }
  return { artifacts, artifacts_truncated };
}

/** A program may have taken the right to read its files from everybody. */
function readable(path) {
  try {
    return FS.readFile(path);
  } catch {
    return undefined;
  }
}

function modeOf(path) {
  try {
    return FS.lstat(path).mode;
  } catch {
    return 0;
  }
}

function namesIn(directory) {
  try {
    return FS.readdir(directory).sort();
  } catch {
    return [];
  }
}

/** Paths of regular files, in order; links are not followed and a huge tree is not walked to its end. */
function filesBelow(root) {
  const found = [];
  const directories = FS.isDir(modeOf(root)) ? [root] : [];
  for (let visited = 0; directories.length > 0 && visited < 10_000; visited += 1) {
    const directory = directories.shift();
    for (const name of namesIn(directory)) {
      if (name === '.' || name === '..') continue;
      const path = `${directory}/${name}`;
      const mode = modeOf(path);
      if (FS.isDir(mode)) directories.push(path);
      else if (FS.isFile(mode)) found.push(path);
      if (found.length > 1_000) return found;
    }
  }
  return found;
}

const isSame = (a, b) => a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

return { load, save, start, run, fire: timers.fire };
