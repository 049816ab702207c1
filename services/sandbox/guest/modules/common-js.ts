import { replaceDynamicImport } from '../../src/runtimes/javascript/source/dynamic-import.ts';
import { IMPORT } from '../../src/runtimes/javascript/source/prepare-program.ts';
import { runScript } from './evaluate.ts';
import { directoryOf, type ModuleRecord } from './record.ts';

interface CommonJsLinks {
  readonly require: unknown;
  readonly importModule: (specifier: unknown) => Promise<unknown>;
}

type Wrapper = (this: unknown, ...scope: readonly unknown[]) => void;
const isWrapper = (value: unknown): value is Wrapper => typeof value === 'function';

/** Evaluates a module; modules that require it in the meantime get its exports so far. @throws SyntaxError and others */
export function runCommonJs(record: ModuleRecord, source: string, { require, importModule }: CommonJsLinks): void {
  const { id } = record;
  const body = replaceDynamicImport(source);
  const run = runScript(`(function (exports, require, module, __filename, __dirname, ${IMPORT}) {${body}\n})`, id);
  if (!isWrapper(run)) throw new SyntaxError(`${id} is no module`);
  const exported: unknown = {};
  const module = { id, filename: id, loaded: false, children: [], paths: [], exports: exported, require };
  Object.defineProperty(record, 'exports', { get: () => module.exports });
  run.call(module.exports, module.exports, require, module, id, directoryOf(id), importModule);
  module.loaded = true;
}
