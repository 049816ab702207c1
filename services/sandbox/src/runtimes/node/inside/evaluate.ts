import type Module from 'node:module';
import type { MainModule } from './modules.ts';
import { looksLikeModule, type NodeProgram, prepareUnparsed, RESULT } from './program.ts';

const { pathToFileURL } = process.getBuiltinModule('node:url');
const vm = process.getBuiltinModule('node:vm');

/** The value of a program, at once or later. Its statements have run when this has settled; it may be a promise itself. */
export type Evaluated = { readonly value: unknown } | { readonly running: Promise<{ readonly value: unknown }> };

export interface Surroundings {
  readonly file: string;
  readonly module: Module;
  readonly require: NodeJS.Require;
  readonly setMain: (main: MainModule) => void;
}

const LOADER = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;

/** Returns a program that the parser does not know as it is, in the form that Node takes it in, if in any. */
export function prepareAsIs(code: string, file: string): NodeProgram {
  const plain = prepareUnparsed(code, { isAsync: false });
  if (looksLikeModule(code)) return { ...plain, kind: 'module', isAsync: true };
  const awaiting = prepareUnparsed(code, { isAsync: true });
  return compiles(plain, file) || !isAsyncBody(code) ? plain : awaiting;
}

const compile = ({ source, parameters }: NodeProgram, filename: string) =>
  vm.compileFunction(source, parameters, { filename, importModuleDynamically: LOADER });

function compiles(program: NodeProgram, file: string): boolean {
  try {
    compile(program, file);
    return true;
  } catch {
    return false;
  }
}

// oxlint-disable-next-line typescript/no-empty-function -- asked for its constructor alone
const AsyncFunction: unknown = (async () => {}).constructor;

/** Returns true for the body of an async function, and false for a text that would end it and go on. */
function isAsyncBody(code: string): boolean {
  try {
    if (typeof AsyncFunction === 'function') Reflect.construct(AsyncFunction, [code]);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program as the main module of this process. @throws what it throws */
export function evaluate(program: NodeProgram, { file, module, require, setMain }: Surroundings): Evaluated {
  if (program.kind === 'module') {
    const { href } = pathToFileURL(file);
    setMain({ url: href, source: program.source });
    const running = import(href).then((exported: object) => ({ value: valueIn(exported) }));
    return { running };
  }
  const values: Readonly<Record<string, unknown>> = {
    exports: module.exports,
    require,
    module,
    __filename: file,
    __dirname: file.slice(0, file.lastIndexOf('/')),
  };
  const parameters = program.parameters.map((name) => values[name]);
  const value: unknown = Reflect.apply(compile(program, file), module.exports, parameters);
  if (!program.isAsync) return { value };
  return { running: Promise.resolve(value).then((outcome) => ({ value: valueIn(outcome) })) };
}

const valueIn = (holder: unknown): unknown =>
  typeof holder === 'object' && holder !== null ? Reflect.get(holder, RESULT) : undefined;
