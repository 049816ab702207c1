import type { ReadStream } from 'node:fs';
import { CONSTANT } from '../../javascript/source/constants.ts';
import { IMPORT, IMPORT_META, IMPORT_SYNC, type PreparedProgram } from '../../javascript/source/prepare-program.ts';

const fs = process.getBuiltinModule('node:fs');
const util = process.getBuiltinModule('node:util');
const vm = process.getBuiltinModule('node:vm');

const LOADER = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;

export interface SessionGlobals {
  readonly file: string;
  readonly module: NodeJS.Module;
  readonly require: NodeJS.Require;
}

/** Gives the programs of a session what a module has: they are scripts, whose declarations later ones find. */
export function defineSessionGlobals({ file, module, require }: SessionGlobals): void {
  const meta = {
    url: `file://${file}`,
    filename: file,
    dirname: '/work',
    main: true,
    resolve: (name: string) => `file://${require.resolve(name)}`,
  };
  const globals = {
    require,
    module,
    exports: module.exports,
    __filename: file,
    __dirname: '/work',
    [IMPORT]: vm.runInThisContext('(specifier, options) => import(specifier, options)', {
      filename: file,
      importModuleDynamically: LOADER,
    }),
    [IMPORT_SYNC]: (specifier: string) => importSync(require, specifier),
    [IMPORT_META]: meta,
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
  }
  Object.defineProperty(globalThis, CONSTANT, {
    get: () => undefined,
    set: () => {
      throw new TypeError('Assignment to constant variable.');
    },
  });
}

/** Returns what an import statement binds. Names that are missing are undefined: TypeScript may import types by name. */
function importSync(require: NodeJS.Require, specifier: string): object {
  const exported: unknown = require(specifier);
  if (util.types.isModuleNamespaceObject(exported)) return Object(exported);
  const properties: object = Object(exported);
  const isTranspiled = Reflect.get(properties, '__esModule') === true && 'default' in properties;
  if (isTranspiled) return properties;
  return new Proxy(properties, {
    get: (target, name): unknown => (name === 'default' ? exported : Reflect.get(target, name)),
  });
}

/** Runs the next program of a session; returns its value, or a promise of it where it awaits. @throws what it throws */
export function evaluateNext({ source, declarations }: PreparedProgram, filename: string): unknown {
  // Its stack would begin with the line that threw: only that of a syntax error is to.
  const run = (text: string): unknown =>
    new vm.Script(text, { filename, importModuleDynamically: LOADER }).runInThisContext({
      displayErrors: false,
      breakOnSigint: true,
    });
  if (declarations !== undefined) run(declarations);
  return run(source);
}

/** The work that a program of a session has left pending, which is to end with it when it fails or exits. */
export function createPendingWork() {
  const timers = new Set<NodeJS.Timeout | NodeJS.Immediate>();
  const track = (name: 'setTimeout' | 'setInterval' | 'setImmediate'): void => {
    const native: Function = globalThis[name];
    const tracked = (...rest: readonly unknown[]): unknown => {
      const timer: unknown = Reflect.apply(native, globalThis, rest);
      if (isTimer(timer)) timers.add(timer);
      return timer;
    };
    Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(native));
    Reflect.set(globalThis, name, tracked);
  };
  const native = { setImmediate };
  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) track(name);
  return {
    /** Functions that do not count as the program's. */
    native,
    drop(): void {
      for (const timer of timers)
        if ('close' in timer) timer.close();
        else clearImmediate(timer);
      timers.clear();
      for (const handle of activeHandles()) if (handle !== process.stdout && handle !== process.stderr) release(handle);
    },
    forget: (): void => timers.clear(),
  };
}

const isTimer = (value: unknown): value is NodeJS.Timeout =>
  typeof value === 'object' && value !== null && 'unref' in value;

const activeHandles = (): readonly object[] => Reflect.apply(Reflect.get(process, '_getActiveHandles'), process, []);

function release(handle: object): void {
  if ('unref' in handle && typeof handle.unref === 'function') handle.unref();
}

/** Gives the next program of a session its own standard input. */
export function renewStdin(): void {
  let stream: ReadStream | undefined;
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    enumerable: true,
    get: () => (stream ??= Object.assign(fs.createReadStream('', { fd: 0, autoClose: false }), { fd: 0 })),
  });
}
