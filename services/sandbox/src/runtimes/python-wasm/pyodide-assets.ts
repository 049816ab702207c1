import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Pyodide's own files, its two modules turned into scripts that a bare isolate can run. */
export interface PyodideAssets {
  /** A script whose value is a function of `limits` that returns Emscripten's module factory. */
  readonly moduleScript: string;
  /** A script whose value is a function that returns Pyodide's exports. */
  readonly loaderScript: string;
  readonly wasm: ArrayBuffer;
  readonly stdlib: ArrayBuffer;
  /** A lock file without packages: none can be loaded here. */
  readonly lock: string;
}

const file = (name: string): Buffer => readFileSync(fileURLToPath(import.meta.resolve(`pyodide/${name}`)));

/** The patches fit one version, which is why package.json pins it: a text that is not found is an error. */
export function loadPyodideAssets(): PyodideAssets {
  const module = new Script(file('pyodide.asm.mjs').toString())
    .replaceAll('import.meta.url', '"/pyodide.asm.mjs"')
    // The memory limit of the isolate does not count WebAssembly's memory; this one Python reports as MemoryError.
    .replace('var getHeapMax=()=>4294901760;', 'var getHeapMax=()=>limits.heapBytes;')
    .replace('var initRandomFill=()=>{', 'var initRandomFill=()=>{return view=>crypto.getRandomValues(view);')
    // At a fatal error it would print its own frames among the program's output; the report has the error.
    .replace('e||_dump_traceback();', '')
    .replace('export default _createPyodideModule;', '');
  const loader = new Script(file('pyodide.mjs').toString()).replace(
    'export{dt as loadPyodide,U as version};',
    'return{loadPyodide:dt};',
  );
  const { info } = JSON.parse(file('pyodide-lock.json').toString());
  return {
    moduleScript: `(limits) => {${module.text}\nreturn _createPyodideModule;}`,
    loaderScript: `() => {${loader.text}\n}`,
    wasm: contentOf('pyodide.asm.wasm'),
    stdlib: contentOf('python_stdlib.zip'),
    lock: JSON.stringify({ info, packages: {} }),
  };
}

function contentOf(name: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = file(name);
  return new Uint8Array(buffer, byteOffset, byteLength).slice().buffer;
}

class Script {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  replace(from: string, to: string): Script {
    if (!this.text.includes(from)) throw new Error(`This Pyodide has no "${from}": adapt the patches to its version`);
    return new Script(this.text.replace(from, () => to));
  }

  replaceAll(from: string, to: string): Script {
    return new Script(this.replace(from, to).text.replaceAll(from, () => to));
  }
}
