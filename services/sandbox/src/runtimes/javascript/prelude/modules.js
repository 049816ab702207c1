// Prelude: require() and import, of the sandbox's own modules and of packages.

/**
 * Makes `require` and `import`. `own` has the sandbox's modules by name; `locate(specifier, parent, kind)` finds a file
 * of a package, as package-files.ts says, for the file `parent`, '' for the program.
 */
function createModules(own, locate) {
  const records = new Map();
  /** Records by request. */
  const located = new Map();
  const unfinished = new Set();

  for (const [name, exports] of Object.entries(own)) located.set(name, { exports, isDone: true });

  const find = (given, parent, kind) => {
    const specifier = String(given);
    const ownRecord = located.get(specifier.replace(/^node:/, ''));
    if (ownRecord !== undefined) return ownRecord;
    const request = [kind, directoryOf(parent), specifier].join('\0');
    if (!located.has(request)) {
      const found = locate(specifier, parent, kind);
      if (found.refusal !== undefined) throw refusal(found, { specifier, parent, own: Object.keys(own) });
      located.set(request, records.get(found.id) ?? load(found));
    }
    const record = located.get(request);
    if (record.failure !== undefined) throw record.failure.error;
    return record;
  };

  const load = ({ id, format, source }) => {
    const record = { id, exports: {}, isDone: false, importers: new Set() };
    records.set(id, record);
    try {
      loadModule[format](record, source.replace(/^#!/, '//'), { find, requireFrom, importFrom, unfinished });
    } catch (error) {
      record.failure = { error };
      return record;
    }
    record.isDone = true;
    // A module that is still not final joins the set again.
    const waiting = [...unfinished];
    for (const other of waiting) other.refresh();
    return record;
  };

  const requireFrom = (parent) =>
    Object.assign((specifier) => exportsOf(find(specifier, parent, 'require')), { cache: {}, main: undefined });
  const importFrom = (parent) => async (specifier) => namespaceOf(find(specifier, parent, 'import'));

  return {
    require: requireFrom(''),
    import: importFrom(''),
    /** Returns the namespace of a module that has all of `names`. */
    importSync: (specifier, names) => namedExports(namespaceOf(find(specifier, '', 'import')), specifier, names),
  };
}

/** Evaluates the source of a module into its record, by format. */
const loadModule = {
  json: (record, source) => {
    record.exports = JSON.parse(source);
  },
  commonjs: (record, source, { requireFrom, importFrom }) => {
    const run = compileCommonJs(record.id, source);
    runCommonJs(record, run, { require: requireFrom(record.id), importModule: importFrom(record.id) });
  },
  module: (record, source, { find, importFrom, unfinished }) => {
    runModule(record, compileModule(record.id, source), {
      find: (specifier) => find(specifier, record.id, 'import'),
      namespaceOf,
      importModule: importFrom(record.id),
      unfinished,
    });
  },
  /** A file whose package does not say what it is. */
  unknown: (record, source, links) =>
    loadModule[looksLikeModule(source) ? 'module' : 'commonjs'](record, source, links),
};

function namespaceOf(record) {
  const isComplete = record.refresh !== undefined || record.isComplete;
  if (isComplete && record.namespace !== undefined) return record.namespace;
  record.namespace ??= createNamespace();
  record.isComplete = record.isDone;
  const { exports } = record;
  if (exports !== null && /object|function/.test(typeof exports)) share(record.namespace, exports);
  defineGetters(record.namespace, { default: () => record.exports });
  return record.namespace;
}

function exportsOf(record) {
  if (record.refresh === undefined) return record.exports;
  return 'module.exports' in record.namespace ? record.namespace['module.exports'] : record.namespace;
}

function namedExports(namespace, specifier, names) {
  const missing = names.find((name) => !(name in namespace));
  if (missing === undefined) return namespace;
  throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${missing}'`);
}

function refusal({ refusal: reason, code, packages }, { specifier, parent, own }) {
  if (code !== 'MODULE_NOT_FOUND') return Object.assign(new Error(reason), { code });
  const asker = parent === '' ? '' : `, which ${parent} asks for`;
  const also = packages.length === 0 ? '' : `, and the packages ${packages.join(', ')}`;
  const message = `Cannot find module '${specifier}'${asker}: the sandbox has ${own.join(', ')}${also}`;
  return Object.assign(new Error(message), { code });
}
