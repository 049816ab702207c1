import type { AnyNode, Options, Pattern } from 'acorn';

/** The options for parsing a program, which may be a module, a script or a bit of both. */
export const PROGRAM_OPTIONS: Options = {
  ecmaVersion: 'latest',
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowReturnOutsideFunction: true,
  allowHashBang: true,
};

/** A replacement of the text from `start` to `end`. */
export type Edit = readonly [start: number, end: number, text: string];

/** Receives each node; `inFunction` is true below a function, where await is not the program's own. */
export type Visit = (node: AnyNode, inFunction: boolean) => void;

/** Calls `visit` for a node and all below it, from the outside in. */
export function walk(node: AnyNode, visit: Visit, inFunction = false): void {
  visit(node, inFunction);
  const below = inFunction || /Function/.test(node.type) || node.type === 'StaticBlock';
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit, below);
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Sorts edits by their place: of two that begin together, the one that ends first. */
export const inOrder = (edits: readonly Edit[]): readonly Edit[] =>
  edits.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);

/** Applies edits, in order and without overlaps, to a part of `code`: all of it by default. */
export function applyEdits(code: string, edits: readonly Edit[], part = { start: 0, end: code.length }): string {
  let result = '';
  let at = part.start;
  for (const [start, end, text] of edits) {
    result += code.slice(at, start) + text;
    at = end;
  }
  return result + code.slice(at, part.end);
}

/** Returns the names that a pattern binds or assigns. */
export function boundNames(pattern: Pattern | null): readonly string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        boundNames(property.type === 'Property' ? property.value : property.argument),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundNames);
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    case 'RestElement':
      return boundNames(pattern.argument);
    default:
      // A hole of an array; a property of an object.
      return [];
  }
}

/** Returns the names of a declaration, of a named function or class, or of a catch clause. */
export function namesDeclaredBy(node: AnyNode): readonly string[] {
  switch (node.type) {
    case 'VariableDeclaration':
      return node.declarations.flatMap(({ id }) => boundNames(id));
    case 'CatchClause':
      return boundNames(node.param ?? null);
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ClassDeclaration':
    case 'ClassExpression':
      return node.id ? [node.id.name] : [];
    default:
      return [];
  }
}

/** Returns what a statement of the top level declares, or the statement itself. */
export const declarationOf = (node: AnyNode): AnyNode =>
  'declaration' in node && node.declaration ? node.declaration : node;

/** Returns the name that an identifier or a string stands for among imports and exports. */
export const nameOf = (node: { readonly type: string; readonly name?: string; readonly value?: unknown }): string =>
  node.type === 'Literal' ? String(node.value) : (node.name ?? '');

type ImportSpecifierNode = Extract<
  AnyNode,
  { type: 'ImportSpecifier' | 'ImportDefaultSpecifier' | 'ImportNamespaceSpecifier' }
>;

/** Returns the name that an import specifier asks for; undefined for `* as name`. */
export function importedName(specifier: ImportSpecifierNode): string | undefined {
  if (specifier.type === 'ImportNamespaceSpecifier') return undefined;
  return specifier.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(specifier.imported);
}
