import { type AnyNode, type ExportNamedDeclaration, parse } from 'acorn';
import {
  applyEdits,
  boundNames,
  type Edit,
  importedName,
  inOrder,
  nameOf,
  namesDeclaredBy,
  type Visit,
  walk,
} from './syntax.ts';

/** Prefix of our own names in a module. */
const MODULE = '__toolmesh';

/** A module as the text of a generator function of one argument, and the specifiers of what it imports. */
export interface PreparedModule {
  readonly source: string;
  readonly requests: readonly string[];
}

interface Outline {
  readonly requests: string[];
  readonly imports: { readonly local: string; readonly from: number; readonly name: string }[];
  readonly exports: { readonly name: string; readonly value: string }[];
  /** Indexes of requests whose exports are all exported. */
  readonly stars: number[];
  /** Local names that are exported. */
  readonly mutable: Set<string>;
  readonly edits: Edit[];
}

/**
 * Turns an ES module of a package into a generator function, since a bare isolate runs scripts only.
 *
 * The function is entered before what it imports is loaded, up to its first `yield`: its functions can then be had
 * already, which modules that import each other rely on. Its imports are plain variables, which `take` fills once what
 * they name has been evaluated, and again when that has changed.
 * @throws SyntaxError of acorn; Error for a module that awaits at its top level
 */
export function prepareModule(code: string): PreparedModule {
  const tree = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const outline: Outline = { requests: [], imports: [], exports: [], stars: [], mutable: new Set(), edits: [] };
  for (const node of tree.body) outlineStatement(node, outline, code);
  const inner: Edit[] = [];
  const visit: Visit = (node, inFunction) => void inner.push(...replaceExpression(node, inFunction, outline.mutable));
  walk(tree, visit);
  // Where an expression and its statement end together, the expression's end comes first.
  const ordered = inOrder([...inner, ...outline.edits]);
  const locals = outline.imports.map(({ local }) => local);
  const getters = outline.exports.map(({ name, value }) => `${JSON.stringify(name)}: () => ${value}`);
  const fills = outline.imports.map(
    ({ local, from, name }) => `${local} = ${MODULE}.take(${from}, ${name}, ${local});`,
  );
  const opening =
    `(function* (${MODULE}) { "use strict"; ${locals.length === 0 ? '' : `let ${locals.join(', ')}; `}` +
    `${MODULE}.bind({ ${getters.join(', ')} }, [${String(outline.stars)}], () => { ${fills.join(' ')} }); yield; `;
  return { source: `${opening}${applyEdits(code, ordered)}\n})`, requests: outline.requests };
}

const request = (outline: Outline, { value }: { readonly value?: unknown }): number =>
  outline.requests.push(String(value)) - 1;

function outlineStatement(node: AnyNode, outline: Outline, code: string): void {
  switch (node.type) {
    case 'ImportDeclaration': {
      const from = request(outline, node.source);
      for (const specifier of node.specifiers) {
        const name = importedName(specifier);
        outline.imports.push({
          local: specifier.local.name,
          from,
          name: name === undefined ? 'void 0' : JSON.stringify(name),
        });
      }
      outline.edits.push(removed(node, code));
      return;
    }
    case 'ExportAllDeclaration': {
      const from = request(outline, node.source);
      if (node.exported) outline.exports.push({ name: nameOf(node.exported), value: `${MODULE}.get(${from})` });
      else outline.stars.push(from);
      outline.edits.push(removed(node, code));
      return;
    }
    case 'ExportNamedDeclaration':
      outlineNamed(node, outline, code);
      return;
    case 'ExportDefaultDeclaration':
      outlineDefault(node, outline);
      return;
    default:
  }
}

function outlineNamed(node: ExportNamedDeclaration, outline: Outline, code: string): void {
  if (node.declaration) {
    outline.edits.push([node.start, node.declaration.start, '']);
    for (const name of namesDeclaredBy(node.declaration)) exportLocal(outline, name, name);
    return;
  }
  const from = node.source ? request(outline, node.source) : undefined;
  for (const { local, exported } of node.specifiers) {
    if (from === undefined) exportLocal(outline, nameOf(exported), nameOf(local));
    else {
      const value = `${MODULE}.get(${from}, ${JSON.stringify(nameOf(local))})`;
      outline.exports.push({ name: nameOf(exported), value });
    }
  }
  outline.edits.push(removed(node, code));
}

function outlineDefault(node: Extract<AnyNode, { type: 'ExportDefaultDeclaration' }>, outline: Outline): void {
  const { declaration, start, end } = node;
  const [named] = declaration.type.endsWith('Declaration') ? namesDeclaredBy(declaration) : [];
  if (named !== undefined) {
    exportLocal(outline, 'default', named);
    outline.edits.push([start, declaration.start, '']);
    return;
  }
  const name = `${MODULE}_default`;
  outline.exports.push({ name: 'default', value: name });
  // A property named so gives a nameless function the name that it is to have.
  outline.edits.push([start, declaration.start, `var ${name} = { default: `]);
  outline.edits.push([declaration.end, end, ' }.default;']);
}

function exportLocal(outline: Outline, name: string, local: string): void {
  outline.exports.push({ name, value: local });
  outline.mutable.add(local);
}

/** A statement's place, with its lines only. */
const removed = ({ start, end }: AnyNode, code: string): Edit => [
  start,
  end,
  `;${code.slice(start, end).replace(/[^\n]/g, '')}`,
];

function replaceExpression(node: AnyNode, inFunction: boolean, mutable: ReadonlySet<string>): readonly Edit[] {
  const { type, start, end } = node;
  if (type === 'ImportExpression') return [[start, start + 'import'.length, `${MODULE}.import`]];
  if (type === 'MetaProperty') return node.meta.name === 'import' ? [[start, end, `${MODULE}.meta`]] : [];
  if (!inFunction) {
    if (type === 'AwaitExpression' || (type === 'ForOfStatement' && node.await)) throw new TopLevelAwait();
    return [];
  }
  // Something with the name of an export changes: it may be another of that name, which costs no more than time.
  if (!changedNames(node).some((name) => mutable.has(name))) return [];
  return [
    [start, start, `${MODULE}.changed(`],
    [end, end, ')'],
  ];
}

function changedNames(node: AnyNode): readonly string[] {
  if (node.type === 'AssignmentExpression') return boundNames(node.left);
  return node.type === 'UpdateExpression' && node.argument.type === 'Identifier' ? [node.argument.name] : [];
}

class TopLevelAwait extends Error {
  override message = 'packages that await at their top level cannot be loaded';
}
