import { prepareModule } from '../../src/runtimes/javascript/source/es-module.ts';
import { runScript } from './evaluate.ts';
import { createNamespace, defineGetters, directoryOf, type ModuleRecord, type Namespace, share } from './record.ts';

/** The functions by which a module reaches others. */
export interface ModuleLinks {
  /** Loads what a specifier means. */
  readonly find: (specifier: string) => ModuleRecord;
  readonly namespaceOf: (record: ModuleRecord) => Namespace;
  /** import() */
  readonly importModule: (specifier: unknown) => Promise<unknown>;
  /** The modules with an import that was not final when it was read: they are refreshed when another is done. */
  readonly unfinished: Set<ModuleRecord>;
}

/** The argument of a generator function that source/es-module.ts makes. */
interface ModuleScope {
  readonly get: (index: number, name?: string) => unknown;
  readonly take: (index: number, name: string | undefined, before: unknown) => unknown;
  readonly bind: (getters: Readonly<Record<string, () => unknown>>, stars: readonly number[], fill: () => void) => void;
  readonly changed: (value: unknown) => unknown;
  readonly import: (specifier: unknown) => Promise<unknown>;
  readonly meta: object;
}

/** Compiles a module and evaluates it. @throws SyntaxError with the file in the message, or what the module throws */
export function runEsModule(record: ModuleRecord, source: string, links: ModuleLinks): void {
  const { body, requests } = compileModule(record.id, source);
  // As Node has it, for CommonJS that was an ES module once and requires one.
  const namespace = Object.defineProperty(createNamespace(), '__esModule', { value: true });
  record.namespace = namespace;
  let targets: readonly ModuleRecord[] = [];
  let fillImports = () => {};
  let starIndexes: readonly number[] = [];
  const { unfinished } = links;
  const namespaceAt = (index: number): Namespace | undefined => {
    const target = targets[index];
    if (target?.isDone !== true) unfinished.add(record);
    return target === undefined ? undefined : links.namespaceOf(target);
  };
  const get = (index: number, name?: string) => (name === undefined ? namespaceAt(index) : namespaceAt(index)?.[name]);

  record.refresh = () => {
    unfinished.delete(record);
    for (const index of starIndexes) share(namespace, namespaceAt(index));
    fillImports();
  };
  const steps = body({
    get,
    take: (index, name, before) => {
      try {
        const value = get(index, name);
        if (value === undefined) unfinished.add(record);
        return value;
      } catch {
        // Not initialized yet.
        unfinished.add(record);
        return before;
      }
    },
    bind: (getters, stars, fill) => {
      defineGetters(namespace, getters);
      starIndexes = stars;
      fillImports = fill;
    },
    changed: (value) => {
      for (const importer of importersOf(record)) importer.refresh?.();
      return value;
    },
    import: links.importModule,
    meta: metaOf(record.id),
  });
  steps.next();
  targets = requests.map(links.find);
  for (const { importers } of targets) importers.add(record);
  record.refresh();
  steps.next();
}

function metaOf(id: string) {
  const path = id.startsWith('/') ? id : `/${id}`;
  return { url: `file://${path}`, filename: path, dirname: directoryOf(path) };
}

/** All modules that import `record`, also by way of others. */
function importersOf(record: ModuleRecord): ReadonlySet<ModuleRecord> {
  const found = new Set(record.importers);
  for (const { importers } of found) for (const importer of importers) found.add(importer);
  return found;
}

type Body = (scope: ModuleScope) => Iterator<unknown>;
const isBody = (value: unknown): value is Body => typeof value === 'function';

function compileModule(id: string, source: string): { readonly body: Body; readonly requests: readonly string[] } {
  try {
    const { source: text, requests } = prepareModule(source);
    const body = runScript(text, id);
    if (!isBody(body)) throw new SyntaxError('is no module');
    return { body, requests };
  } catch (error) {
    if (error instanceof Error) error.message = `${id}: ${error.message}`;
    throw error;
  }
}
