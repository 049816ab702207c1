import { looksLikeModule } from '../../src/runtimes/javascript/source/dynamic-import.ts';
import { runCommonJs } from './common-js.ts';
import { runEsModule } from './es-module.ts';
import { createRecord, directoryOf, exportsOf, type ModuleRecord, type Namespace, namespaceOf } from './record.ts';
import { describeMissing, type Located, Refusal } from './refusals.ts';

/** The ways in which a program reaches modules. */
export interface Loader {
  readonly require: Require;
  readonly importModule: (specifier: unknown) => Promise<Namespace>;
  /** Returns the namespace of a module that has all of `names`. */
  readonly importSync: (specifier: string, names: readonly string[]) => Namespace;
  /** Returns the require() of a file. */
  readonly requireFrom: (parent: string) => Require;
}

export interface Require {
  (specifier: unknown): unknown;
  readonly resolve: (specifier: unknown) => string;
  readonly cache: object;
  main: unknown;
}

type Kind = 'import' | 'require';

export interface LoaderParts {
  /** The sandbox's own modules. */
  readonly builtins: { readonly names: readonly string[]; load(name: string): unknown; has(name: string): boolean };
  /** Finds a file of a package for the file `parent`, '' for the program (package-files.ts). */
  readonly locate: (specifier: string, parent: string, kind: Kind) => Located;
  /** Finds a file of the program's by its path, as require() does. */
  readonly locateOwn: (path: string, parent: string) => Located | undefined;
  /** The path of the program. */
  readonly mainPath: string;
}

/** Makes `require` and `import`, of the sandbox's own modules, of packages and of the program's files. */
export function createLoader(parts: LoaderParts): Loader {
  const modules = new Modules(parts);
  return {
    require: modules.requireFrom(''),
    requireFrom: (parent) => modules.requireFrom(parent),
    importModule: modules.importFrom(''),
    importSync: (specifier, names) =>
      namedExports(namespaceOf(modules.find(specifier, '', 'import')), specifier, names),
  };
}

type Source = Extract<Located, { id: string }>;

/** All modules that have been asked for. */
class Modules {
  readonly #parts: LoaderParts;
  readonly #records = new Map<string, ModuleRecord>();
  /** Records by request. */
  readonly #located = new Map<string, ModuleRecord>();
  readonly #unfinished = new Set<ModuleRecord>();

  constructor(parts: LoaderParts) {
    this.#parts = parts;
  }

  /** Returns the module that a specifier means to the file `parent`, loaded. @throws what it throws, or a Refusal */
  find(given: unknown, parent: string, kind: Kind): ModuleRecord {
    const specifier = String(given);
    const own = this.#builtin(specifier.replace(/^node:/, ''));
    if (own !== undefined) return own;
    const request = [kind, directoryOf(parent), specifier].join('\0');
    const record = this.#located.get(request) ?? this.#search(specifier, parent, kind);
    this.#located.set(request, record);
    if (record.failure !== undefined) throw record.failure.error;
    return record;
  }

  requireFrom(parent: string): Require {
    return Object.assign((specifier: unknown) => exportsOf(this.find(specifier, parent, 'require')), {
      resolve: (specifier: unknown) => this.find(specifier, parent, 'require').id,
      cache: {},
      main: undefined,
    });
  }

  importFrom(parent: string): (specifier: unknown) => Promise<Namespace> {
    return async (specifier) => namespaceOf(this.find(specifier, parent, 'import'));
  }

  #builtin(name: string): ModuleRecord | undefined {
    const { builtins } = this.#parts;
    if (!builtins.has(name)) return undefined;
    const key = `\0${name}`;
    const record = this.#records.get(key) ?? createRecord(name, builtins.load(name), true);
    this.#records.set(key, record);
    return record;
  }

  #search(specifier: string, parent: string, kind: Kind): ModuleRecord {
    const { builtins, locate, locateOwn, mainPath } = this.#parts;
    const isProgram = parent === '' || parent.startsWith('/');
    const own =
      isProgram && /^(\.{0,2}\/|\.\.?$)/.test(specifier) ? locateOwn(specifier, parent || mainPath) : undefined;
    const found = own ?? locate(specifier, isProgram ? '' : parent, kind);
    if ('refusal' in found) {
      const message = describeMissing(found, { specifier, parent, builtins: builtins.names });
      throw new Refusal(message, found.code);
    }
    return this.#records.get(found.id) ?? this.#load(found);
  }

  #load(file: Source): ModuleRecord {
    const record = createRecord(file.id);
    this.#records.set(file.id, record);
    try {
      this.#evaluate(record, file);
    } catch (error) {
      record.failure = { error };
      return record;
    }
    record.isDone = true;
    // A module that is still not final joins the set again.
    const waiting = [...this.#unfinished];
    for (const other of waiting) other.refresh?.();
    return record;
  }

  #evaluate(record: ModuleRecord, { format, source = '' }: Source): void {
    const { id } = record;
    const text = source.replace(/^#!/, '//');
    const importModule = this.importFrom(id);
    if (format === 'json') record.exports = JSON.parse(source);
    else if (format === 'module' || (format === 'unknown' && looksLikeModule(text))) {
      const find = (specifier: string) => this.find(specifier, id, 'import');
      runEsModule(record, text, { find, namespaceOf, importModule, unfinished: this.#unfinished });
    } else runCommonJs(record, text, { require: this.requireFrom(id), importModule });
  }
}

function namedExports(namespace: Namespace, specifier: string, names: readonly string[]): Namespace {
  const missing = names.find((name) => !(name in namespace));
  if (missing === undefined) return namespace;
  throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${missing}'`);
}
