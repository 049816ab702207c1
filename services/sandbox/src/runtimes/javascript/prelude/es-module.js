// Prelude: turns an ES module of a package into a generator function, since a bare isolate runs scripts only.
//
// The function is entered before what it imports is loaded, up to its first `yield`: its functions can then be had
// already, which modules that import each other rely on. Its imports are plain variables, which `take` fills once what
// they name has been evaluated, and again when that has changed.

/** Prefix of our own names in a module. */
const MODULE = '__toolmesh';

/** Returns `{ source, requests }`: the text of a generator function of one argument, and what the module imports. */
function prepareModule(code) {
  const tree = acorn.parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const outline = { requests: [], imports: [], exports: [], stars: [], mutable: new Set(), edits: [] };
  for (const node of tree.body) DECLARATIONS[node.type]?.(node, outline, code);
  const inner = [];
  walk(tree, (node, inFunction) => inner.push(...replaceExpression(node, inFunction, outline.mutable)));
  // Where an expression and its statement end together, the expression's end comes first.
  const inOrder = [...inner, ...outline.edits].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const locals = outline.imports.map(({ local }) => local);
  const getters = outline.exports.map(getterOf);
  const fills = outline.imports.map(fillOf);
  const opening =
    `(function* (${MODULE}) { "use strict"; ${locals.length === 0 ? '' : `let ${locals.join(', ')}; `}` +
    `${MODULE}.bind({ ${getters.join(', ')} }, [${String(outline.stars)}], () => { ${fills.join(' ')} }); yield; `;
  return { source: `${opening}${applyEdits(code, inOrder)}\n})`, requests: outline.requests };
}

const getterOf = ({ name, value }) => `${JSON.stringify(name)}: () => ${value}`;
const fillOf = ({ local, from, name }) => `${local} = ${MODULE}.take(${from}, ${name}, ${local});`;
const request = (outline, { value }) => outline.requests.push(value) - 1;

const DECLARATIONS = {
  ImportDeclaration(node, outline, code) {
    const from = request(outline, node.source);
    for (const specifier of node.specifiers) {
      const isAll = specifier.type === 'ImportNamespaceSpecifier';
      const name = isAll ? undefined : JSON.stringify(importedName(specifier));
      outline.imports.push({ local: specifier.local.name, from, name: String(name) });
    }
    outline.edits.push(removed(node, code));
  },
  ExportAllDeclaration(node, outline, code) {
    const from = request(outline, node.source);
    if (node.exported === null) outline.stars.push(from);
    else outline.exports.push({ name: nameOf(node.exported), value: `${MODULE}.get(${from})` });
    outline.edits.push(removed(node, code));
  },
  ExportNamedDeclaration(node, outline, code) {
    if (node.declaration !== null) {
      outline.edits.push([node.start, node.declaration.start, '']);
      for (const name of declaredNames(node.declaration)) exportLocal(outline, name, name);
      return;
    }
    const from = node.source === null ? undefined : request(outline, node.source);
    for (const { local, exported } of node.specifiers) {
      if (from === undefined) exportLocal(outline, nameOf(exported), local.name);
      else {
        const value = `${MODULE}.get(${from}, ${JSON.stringify(nameOf(local))})`;
        outline.exports.push({ name: nameOf(exported), value });
      }
    }
    outline.edits.push(removed(node, code));
  },
  ExportDefaultDeclaration({ declaration, start, end }, outline) {
    if (declaration.type.endsWith('Declaration') && declaration.id !== null) {
      exportLocal(outline, 'default', declaration.id.name);
      outline.edits.push([start, declaration.start, '']);
      return;
    }
    const name = `${MODULE}_default`;
    outline.exports.push({ name: 'default', value: name });
    // A property named so gives a nameless function the name that it is to have.
    outline.edits.push([start, declaration.start, `var ${name} = { default: `]);
    outline.edits.push([declaration.end, end, ' }.default;']);
  },
};

function exportLocal(outline, name, local) {
  outline.exports.push({ name, value: local });
  outline.mutable.add(local);
}

const declaredNames = ({ id, declarations }) =>
  declarations === undefined ? [id.name] : declarations.flatMap((declarator) => boundNames(declarator.id));

/** A statement's place, with its lines only. */
const removed = ({ start, end }, code) => [start, end, `;${code.slice(start, end).replace(/[^\n]/g, '')}`];

function replaceExpression(node, inFunction, mutable) {
  const { type, start, end } = node;
  if (type === 'ImportExpression') return [[start, start + 'import'.length, `${MODULE}.import`]];
  if (type === 'MetaProperty' && node.meta.name === 'import') return [[start, end, `${MODULE}.meta`]];
  if (!inFunction) {
    if (type === 'AwaitExpression' || (type === 'ForOfStatement' && node.await)) throw new TopLevelAwait();
    return [];
  }
  // Something with the name of an export changes: it may be another of that name, which costs no more than time.
  const target = type === 'AssignmentExpression' ? node.left : type === 'UpdateExpression' ? node.argument : undefined;
  if (target === undefined || !boundNames(target).some((name) => mutable.has(name))) return [];
  return [
    [start, start, `${MODULE}.changed(`],
    [end, end, ')'],
  ];
}

class TopLevelAwait extends Error {
  message = 'packages that await at their top level cannot be loaded';
}
