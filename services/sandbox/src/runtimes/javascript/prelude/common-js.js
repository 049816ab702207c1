// Prelude: CommonJS modules, as functions of what Node gives them.

/** Evaluates a module; modules that require it in the meantime get its exports so far. */
function runCommonJs(record, run, { require, importModule }) {
  const { id } = record;
  const module = { id, filename: id, loaded: false, children: [], paths: [], exports: {} };
  Object.defineProperty(record, 'exports', { get: () => module.exports });
  run.call(module.exports, module.exports, require, module, id, directoryOf(id), importModule);
  module.loaded = true;
}

/** @throws SyntaxError */
function compileCommonJs(id, source) {
  const body = /\bimport\s*\(/.test(source) ? withoutDynamicImport(source) : source;
  return compile(id, `(function (exports, require, module, __filename, __dirname, ${IMPORT}) {${body}\n})`);
}

const compile = (id, text) => indirectEval(`${text}\n//# sourceURL=${id}`);

function withoutDynamicImport(source) {
  const edits = [];
  walk(acorn.parse(source, { ...PARSE_OPTIONS, allowReturnOutsideFunction: true }), ({ type, start }) => {
    if (type === 'ImportExpression') edits.push([start, start + 'import'.length, IMPORT]);
  });
  const inOrder = edits.sort((a, b) => a[0] - b[0]);
  return applyEdits(source, inOrder);
}

const directoryOf = (id) => id.slice(0, Math.max(0, id.lastIndexOf('/')));
