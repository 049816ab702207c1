/** The file system of Emscripten, as far as it is used here. */
export interface EmscriptenFiles {
  mkdirTree(path: string): void;
  chdir(path: string): void;
  analyzePath(path: string): { readonly exists: boolean };
  symlink(target: string, path: string): void;
  writeFile(path: string, data: Uint8Array): void;
  readFile(path: string): Uint8Array;
  readdir(path: string): string[];
  lstat(path: string): { readonly size: number; readonly mtime: Date; readonly mode: number };
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
}

interface Stream {
  readonly isatty: boolean;
  readonly write?: (bytes: Uint8Array) => number;
  readonly read?: (target: Uint8Array) => number;
}

/** The module `toolmesh_runner` (runner.py). */
export interface Runner {
  start(sleep: (ms: number) => void, display: (json: string) => void): void;
  run(code: string, keep: boolean): string;
  prepare(): void;
  missing: unknown;
}

/** The part of Pyodide's interface that is used here. */
export interface Pyodide {
  readonly FS: EmscriptenFiles;
  readonly _module: { readonly HEAPU8: Uint8Array };
  readonly globals: { set(name: string, value: unknown): void };
  setStdout(stream: Stream): void;
  setStderr(stream: Stream): void;
  setStdin(stream: Stream): void;
  pyimport(name: 'toolmesh_runner'): Runner;
  runPython(code: string): string;
  toPy(value: unknown): unknown;
  makeMemorySnapshot(): Uint8Array;
}

/** The functions that Pyodide's scripts define (pyodide-assets.ts). */
export interface Loader {
  loadPyodide(options: object): Promise<Pyodide>;
}
export type DefineModule = (limits: { heapBytes: number }) => unknown;
export type DefineLoader = () => Loader;
