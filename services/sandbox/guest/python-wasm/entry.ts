// Hosts Pyodide in a bare isolate (bundle-guest.ts).
import { createRingWriter } from '../shared/ring-writer.ts';
import { createTimers } from '../shared/timers.ts';
import { host } from '../shared/host.ts';
import type { GuestFile, GuestProgram } from '../program/report.ts';
import { defineEnvironment } from './environment.ts';
import { endingOf, NEARLY_FULL_BYTES } from './ending.ts';
import { createScratch } from '../shared/scratch.ts';
import { WORK_DIR } from '../shared/work-directories.ts';
import { collectArtifacts, makeWorkDirectory, stampFiles, writeFile } from './files.ts';
import type { DefineLoader, DefineModule, Pyodide } from './pyodide.ts';

const PACKAGES_DIR = '/packages';

/** The isolate's owner, as functions and memory of both. */
interface Owner {
  readonly stdout: SharedArrayBuffer;
  readonly stderr: SharedArrayBuffer;
  readonly schedule: (id: number, ms: number) => void;
  /** Shows something; returns once it is on its way. */
  readonly display: (json: string) => void;
  readonly randomBytes: (count: number) => ArrayBuffer;
}

/** The files of the interpreter: what pyodide-assets.ts reads, our modules, its saved memory. */
interface Assets {
  readonly wasm: ArrayBuffer;
  readonly stdlib: ArrayBuffer;
  readonly lock: string;
  readonly modules: Readonly<Record<string, string>>;
  readonly snapshot?: ArrayBuffer;
}

/** Connects the isolate with its owner; returns the functions that the owner calls. */
function start({ stdout, stderr, schedule, display, randomBytes }: Owner) {
  const writers = [createRingWriter(stdout), createRingWriter(stderr)] as const;
  const timers = createTimers({ schedule, onError: () => {} });
  // A thread waits there for a time: the padding of the output's memory does not change.
  const clock = new Int32Array(stdout, 0, 3);
  const { wait } = Atomics;
  const sleep = (ms: number) => void wait(clock, 2, 0, ms);
  /** Read by the patched getHeapMax() of the interpreter: the size to which its memory may grow. */
  const limits = { heapBytes: 2 ** 32 - 65_536 };
  Object.assign(host, { timers: timers.functions, randomBytes });
  defineEnvironment({ randomBytes, timers: timers.functions });

  let pyodide: Pyodide;
  let session: ReturnType<typeof createSession>;
  return {
    /** Loads the interpreter: from its saved memory, else from the start, ready to be saved. */
    async load(defineModule: DefineModule, defineLoader: DefineLoader, assets: Assets): Promise<void> {
      pyodide = await loadPyodide(defineLoader, defineModule(limits), assets);
    },
    /** Returns the interpreter's memory, to be given to `load` as `snapshot`. */
    save: (): ArrayBufferLike => pyodide.makeMemorySnapshot().slice().buffer,
    /**
     * Connects a restored interpreter to the world; returns the version of Python. `missing` names modules that no
     * package brings here; `packages` are files to be imported from.
     */
    start(missing: unknown, packages: readonly GuestFile[]): string {
      session = createSession(pyodide, { limits, writers, sleep, display });
      return session.start(missing, packages);
    },
    /** Runs one program; returns its report (workers/serve-worker.ts). */
    run(program: GuestProgram) {
      for (const writer of writers) writer.restart();
      return session.run(program);
    },
    fire: (id: number): void => timers.fire(id),
  };
}

async function loadPyodide(defineLoader: DefineLoader, createPyodideModule: unknown, assets: Assets): Promise<Pyodide> {
  const { wasm, stdlib, lock, snapshot, modules } = assets;
  const readbuffer = (name: unknown) => {
    if (String(name).endsWith('.wasm')) return wasm;
    if (String(name).endsWith('.zip')) return stdlib;
    throw new Error(`there is no file ${String(name)}`);
  };
  Object.assign(globalThis, { readbuffer });
  const pyodide = await defineLoader().loadPyodide({
    indexURL: '/',
    packageBaseUrl: '/',
    createPyodideModule,
    lockFileContents: lock,
    // Python's `import js` shows this object instead of the isolate's globals.
    jsglobals: Object.freeze(Object.create(null)),
    env: { HOME: WORK_DIR },
    ...(snapshot === undefined ? { _makeSnapshot: true } : { _loadSnapshot: snapshot }),
  });
  Reflect.deleteProperty(globalThis, 'readbuffer');
  if (snapshot !== undefined) return pyodide;
  for (const [name, source] of Object.entries(modules)) {
    pyodide.globals.set('name', name);
    pyodide.globals.set('source', source);
    pyodide.runPython(DEFINE_MODULE);
  }
  pyodide.pyimport('toolmesh_runner').prepare();
  return pyodide;
}

const DEFINE_MODULE = `
import sys, types
module = sys.modules[name] = types.ModuleType(name)
exec(compile(source, f"<{name}>", "exec"), module.__dict__)
del module, name, source, sys, types
`;

interface SessionParts {
  readonly limits: { heapBytes: number };
  readonly writers: readonly ReturnType<typeof createRingWriter>[];
  readonly sleep: (ms: number) => void;
  readonly display: (json: string) => void;
}

function createSession(pyodide: Pyodide, { limits, writers, sleep, display }: SessionParts) {
  // Held from the start: Pyodide guards its own fields once the interpreter has met its end.
  const { FS, _module: heap } = pyodide;
  const runner = pyodide.pyimport('toolmesh_runner');
  const scratch = createScratch();
  let stamps: ReadonlyMap<string, string> = new Map();
  let isLimited = false;

  const output = (writer: SessionParts['writers'][number] | undefined) => ({
    isatty: false,
    write: (bytes: Uint8Array) => {
      writer?.write(bytes);
      scratch.look(bytes);
      return bytes.length;
    },
  });
  const giveInput = (stdin: Uint8Array) => {
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
  };
  const giveFiles = (files: readonly GuestFile[]) => {
    for (const { path, data } of files) {
      try {
        writeFile(FS, { path: `${WORK_DIR}/${path}`, data });
      } catch {
        // Something is in its way; the program's own error will explain more.
      }
    }
  };

  return {
    start(missing: unknown, packages: readonly GuestFile[]): string {
      pyodide.setStdout(output(writers[0]));
      pyodide.setStderr(output(writers[1]));
      runner.start(sleep, display);
      runner.missing = pyodide.toPy(missing);
      for (const { path, data } of packages) writeFile(FS, { path: `${PACKAGES_DIR}/${path}`, data });
      if (packages.length > 0) pyodide.runPython(`import sys; sys.path.append("${PACKAGES_DIR}")`);
      makeWorkDirectory(FS);
      return pyodide.runPython('import sys; sys.version.split()[0]');
    },
    run({ code, stdin, files, memoryBytes, keep, artifactLimits }: GuestProgram) {
      scratch.restart();
      // The memory of the first program is that of its session.
      if (!isLimited) limits.heapBytes = Math.min(limits.heapBytes, heap.HEAPU8.length + memoryBytes);
      isLimited = true;
      giveInput(stdin);
      giveFiles(files);
      if (keep) stamps = stampFiles(FS, () => sleep(0.1));
      const isFull = () => heap.HEAPU8.length > limits.heapBytes - NEARLY_FULL_BYTES;
      return {
        ...endingOf(() => runner.run(code, keep), isFull),
        ...collectArtifacts(FS, { given: files, stamps, isMeant: scratch.isMeant }, artifactLimits),
      };
    },
  };
}

Object.defineProperty(globalThis, '__guest', { value: { start }, configurable: true });
