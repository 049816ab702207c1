// Prelude: turns a program into one whose last expression can be had, whether or not it awaits at its top level.

const IMPORT = '__import';
const PARSE_OPTIONS = {
  ecmaVersion: 'latest',
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowHashBang: true,
};

/**
 * Returns `{ source, columnOf, declarations? }`. A program without top-level await stays as it is: the value of a
 * script is that of its last statement. Others become the body of an async function that returns it.
 * `columnOf(line, column)` maps a place of the source to the program's own text. Where there are `constants`
 * of earlier programs, what this one declares outlives it, too (see session-scope.js), and `declarations` are to be
 * run before the source.
 * @throws SyntaxError of acorn, with `loc`
 */
function prepareProgram(code, constants) {
  const tree = acorn.parse(code, PARSE_OPTIONS);
  const edits = [];
  const outside = [];
  let isAsync = false;
  walk(tree, (node, inFunction) => {
    if (node.type === 'ImportExpression') edits.push([node.start, node.start + 'import'.length, IMPORT]);
    if (inFunction) return;
    outside.push(node);
    if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) isAsync = true;
    if (node.type === 'VariableDeclaration' && node.kind === 'await using') isAsync = true;
  });
  const scope = constants === undefined ? ONE_SHOT_SCOPE : keepDeclarations(tree, { outside, isAsync, constants });
  edits.push(...scope.edits);
  for (const node of outside) {
    const replacement = replaceModuleSyntax(node, scope.declare);
    if (replacement !== undefined) edits.push([node.start, replacement.end ?? node.end, replacement.text]);
  }
  const last = tree.body.at(-1);
  if (isAsync && last?.type === 'ExpressionStatement') {
    edits.push([last.start, last.start, 'return ('], [last.expression.end, last.end, '\n)']);
  }
  const inOrder = edits.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (!isAsync) return { source: applyEdits(code, inOrder), columnOf: createColumnMap(code, inOrder) };
  const opening = '(async () => {';
  const { body, declarations } = scope.hoist(code, inOrder, opening.length);
  const columnOf = createColumnMap(code, [[0, 0, opening], ...inOrder]);
  return { source: `${opening}${body}\n})()`, columnOf, declarations };
}

/** The scope of a program whose declarations end with it. */
const ONE_SHOT_SCOPE = {
  edits: [],
  declare: (pattern, value) => `const ${pattern} = ${value};`,
  hoist: (code, edits) => ({ body: applyEdits(code, edits) }),
};

/** Takes back what edits earlier in a line have moved. Lines and columns count from 1. */
function createColumnMap(code, edits) {
  const moves = edits
    .filter(([, , text]) => !text.includes('\n'))
    .map(([start, end, text]) => {
      const before = code.slice(0, start).split('\n');
      return { line: before.length, column: before.at(-1).length + 1, by: text.length - (end - start) };
    });
  return (line, column) => {
    let original = column;
    for (const move of moves) if (move.line === line && original > move.column) original -= move.by;
    return Math.max(1, original);
  };
}

/** Returns what replaces an import or export statement in a script. `declare(pattern, value)` is a statement that binds. */
function replaceModuleSyntax(node, declare) {
  if (node.type === 'ImportDeclaration') return { text: replaceImport(node, declare) };
  if (node.type === 'ExportNamedDeclaration') {
    return node.declaration === null ? { text: ';' } : { text: '', end: node.declaration.start };
  }
  if (node.type === 'ExportDefaultDeclaration') {
    const isNamed = node.declaration.type.endsWith('Declaration') && node.declaration.id !== null;
    return { text: isNamed ? '' : 'void ', end: node.declaration.start };
  }
  return node.type === 'ExportAllDeclaration' ? { text: ';' } : undefined;
}

function replaceImport({ source, specifiers }, declare) {
  const named = specifiers.filter(({ type }) => type !== 'ImportNamespaceSpecifier');
  const request = `${IMPORT}Sync(${source.raw}, ${JSON.stringify(named.map(importedName))})`;
  if (specifiers.length === 0) return `${request};`;
  const pairs = named.map((specifier) => `${JSON.stringify(importedName(specifier))}: ${specifier.local.name}`);
  const all = specifiers.find(({ type }) => type === 'ImportNamespaceSpecifier');
  const pattern = pairs.length === 0 ? '' : declare(`{ ${pairs.join(', ')} }`, request);
  return all === undefined ? pattern : `${pattern}${declare(all.local.name, request)}`;
}

/** The name that an import specifier asks for. */
function importedName({ type, imported }) {
  return type === 'ImportDefaultSpecifier' ? 'default' : nameOf(imported);
}

/** The name that an identifier or a string stands for among imports and exports. */
const nameOf = (node) => (node.type === 'Literal' ? node.value : node.name);

/** Calls `visit` for every node; `inFunction` is true below a function, where await is not the program's own. */
function walk(node, visit, inFunction = false) {
  visit(node, inFunction);
  const below = inFunction || /Function/.test(node.type) || node.type === 'StaticBlock';
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') walk(child, visit, below);
    }
  }
}

/** Applies `[start, end, text]` edits, in order and without overlaps, to a part of `code`: all of it by default. */
function applyEdits(code, edits, { start: from, end: to } = { start: 0, end: code.length }) {
  let result = '';
  let at = from;
  for (const [start, end, text] of edits) {
    result += code.slice(at, start) + text;
    at = end;
  }
  return result + code.slice(at, to);
}
