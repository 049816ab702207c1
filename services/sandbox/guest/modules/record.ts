import { inspect } from 'node-inspect-extracted';

/** An object of what a module exports, which is no promise and has no prototype. */
export type Namespace = Record<string, unknown>;

/** A module that is loaded or being loaded. */
export interface ModuleRecord {
  /** Its path: `node_modules/left-pad/index.js` in a package, absolute for a file of the program's. */
  readonly id: string;
  exports: unknown;
  /** True once it has been evaluated. */
  isDone: boolean;
  namespace?: Namespace;
  /** True once the namespace has everything that CommonJS exports. */
  isComplete?: boolean;
  /** Fills what it imports again. Only ES modules have it. */
  refresh?: () => void;
  readonly importers: Set<ModuleRecord>;
  failure?: { readonly error: unknown };
}

export const createRecord = (id: string, exports: unknown = {}, isDone = false): ModuleRecord => ({
  id,
  exports,
  isDone,
  importers: new Set(),
});

/** Returns the folder of a path; '' for a name without one. */
export const directoryOf = (id: string): string => id.slice(0, Math.max(0, id.lastIndexOf('/')));

/** Returns true for what may have properties. */
export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Returns a property of something that may have none. */
export const propertyOf = (value: unknown, name: string): unknown =>
  isObject(value) ? Reflect.get(value, name) : undefined;

export function createNamespace(): Namespace {
  const namespace: Namespace = Object.create(null);
  // Shown with its values instead of our getters.
  const show = (_depth: number, options: object) => `[Module: null prototype] ${inspect({ ...namespace }, options)}`;
  return Object.defineProperties(namespace, {
    [Symbol.toStringTag]: { value: 'Module' },
    [inspect.custom]: { value: show },
  });
}

export function defineGetters(namespace: Namespace, getters: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  }
}

/** Adds all that `from` has and `namespace` has not. */
export function share(namespace: Namespace, from: unknown): void {
  if (!isObject(from)) return;
  for (const name of Object.keys(from)) {
    if (name !== 'default' && !(name in namespace)) defineGetters(namespace, { [name]: () => Reflect.get(from, name) });
  }
}

/** Returns what `import *` gives. */
export function namespaceOf(record: ModuleRecord): Namespace {
  const isComplete = record.refresh !== undefined || record.isComplete === true;
  if (isComplete && record.namespace !== undefined) return record.namespace;
  const namespace = (record.namespace ??= createNamespace());
  record.isComplete = record.isDone;
  share(namespace, record.exports);
  defineGetters(namespace, { default: () => record.exports });
  return namespace;
}

/** Returns what require() gives. */
export function exportsOf(record: ModuleRecord): unknown {
  if (record.refresh === undefined || record.namespace === undefined) return record.exports;
  return 'module.exports' in record.namespace ? record.namespace['module.exports'] : record.namespace;
}
