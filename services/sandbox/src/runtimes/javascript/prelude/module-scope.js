// Prelude: evaluates ES modules that es-module.js has turned into generator functions.

/**
 * Evaluates a module in two steps: its functions, then, when what it imports is loaded, itself. `find(specifier)` loads,
 * `namespaceOf(record)` is what `import *` gives, `importModule(specifier)` is import(), and `unfinished` is the set of
 * modules with an import that was not final when it was read: they are to be refreshed when another is done.
 */
function runModule(record, { body, requests }, { find, namespaceOf, importModule, unfinished }) {
  // As Node has it, for CommonJS that was an ES module once and requires one.
  record.namespace = Object.defineProperty(createNamespace(), '__esModule', { value: true });
  let targets = [];
  let fillImports;
  let starIndexes;
  const namespaceAt = (index) => {
    const target = targets[index];
    if (target?.isDone !== true) unfinished.add(record);
    return target === undefined ? undefined : namespaceOf(target);
  };
  const get = (index, name) => (name === undefined ? namespaceAt(index) : namespaceAt(index)?.[name]);

  record.refresh = () => {
    unfinished.delete(record);
    for (const index of starIndexes) share(record.namespace, namespaceAt(index));
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
      defineGetters(record.namespace, getters);
      starIndexes = stars;
      fillImports = fill;
    },
    changed: (value) => {
      for (const importer of importersOf(record)) importer.refresh();
      return value;
    },
    import: importModule,
    meta: { url: `file:///${record.id}`, filename: `/${record.id}`, dirname: `/${directoryOf(record.id)}` },
  });
  steps.next();
  targets = requests.map(find);
  for (const { importers } of targets) importers?.add(record);
  record.refresh();
  steps.next();
}

/** All modules that import `record`, also by way of others. */
function importersOf(record) {
  const found = new Set(record.importers);
  for (const { importers } of found) for (const importer of importers) found.add(importer);
  return found;
}

/** Compiles a module. @throws SyntaxError and others, with the file in the message */
function compileModule(id, source) {
  try {
    const { source: text, requests } = prepareModule(source);
    return { body: compile(id, text), requests };
  } catch (error) {
    throw Object.assign(error, { message: `${id}: ${error.message}` });
  }
}

function looksLikeModule(source) {
  // Most scripts can be recognised without being parsed.
  if (!/(?:^|[;}])[^\S\n\r\u2028\u2029]*(?:import|export)\b/m.test(source)) return false;
  try {
    const { body } = acorn.parse(source, { ecmaVersion: 'latest', sourceType: 'module' });
    return body.some(({ type }) => /^(Import|Export)/.test(type));
  } catch {
    return false;
  }
}

function createNamespace() {
  const namespace = Object.create(null);
  // Shown with its values instead of our getters.
  const show = (_depth, options) => `[Module: null prototype] ${inspector.inspect({ ...namespace }, options)}`;
  return Object.defineProperties(namespace, {
    [Symbol.toStringTag]: { value: 'Module' },
    [inspector.inspect.custom]: { value: show },
  });
}

function defineGetters(namespace, getters) {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  }
}

/** Adds all that `from` has and `namespace` has not. */
function share(namespace, from) {
  for (const name of Object.keys(from)) {
    if (name !== 'default' && !(name in namespace)) defineGetters(namespace, { [name]: () => from[name] });
  }
}
