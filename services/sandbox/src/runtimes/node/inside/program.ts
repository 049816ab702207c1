import type { AnyNode, Program, Statement } from 'acorn';
import { type ColumnMap, createColumnMap } from '../../javascript/source/column-map.ts';
import { parseProgram } from '../../javascript/source/prepare-program.ts';
import {
  applyEdits,
  declarationOf,
  type Edit,
  inOrder,
  namesDeclaredBy,
  walk,
} from '../../javascript/source/syntax.ts';

/** The variable that takes the value of a program's last expression. */
export const RESULT = '__toolmesh_result';

/** The names that a CommonJS module has. */
export const COMMONJS = ['exports', 'require', 'module', '__filename', '__dirname'] as const;
type CommonJsName = (typeof COMMONJS)[number];

/** A program as Node is to run it. */
export interface NodeProgram {
  /**
   * `module` for an ES module, which exports {@link RESULT}; else the body of a function, which returns it: where it
   * awaits, as the property of an object, so that a promise stays one.
   */
  readonly kind: 'module' | 'commonjs';
  readonly source: string;
  /** The parameters of the function. */
  readonly parameters: readonly string[];
  /** True for a body that returns a promise. */
  readonly isAsync: boolean;
  readonly columnOf: ColumnMap;
}

/** The texts by which an ES module gets what only CommonJS modules have. */
const FOR_MODULES: Readonly<Record<CommonJsName, string>> = {
  require: 'process.getBuiltinModule("module").createRequire(import.meta.url)',
  module: 'process.mainModule',
  exports: 'process.mainModule.exports',
  __filename: 'import.meta.filename',
  __dirname: 'import.meta.dirname',
};

/**
 * Prepares a program that runs once. One with import or export statements becomes an ES module, which has what CommonJS
 * modules have, too, as far as it asks for it; any other is CommonJS and may await at its top level.
 * @throws SyntaxError of acorn
 */
export function prepareOnce(code: string): NodeProgram {
  const tree = parseProgram(code);
  const outline = outlineOf(tree);
  const edits = [...outline.edits, ...completion(tree.body.findLast(hasValue))];
  const prefix = outline.isModule ? forModule(outline) : outline.isAsync ? 'return (async () => {' : '';
  const suffix = outline.isModule
    ? `\nvar ${RESULT}; export { ${RESULT} };`
    : outline.isAsync
      ? `\nreturn { ${RESULT} };\n})()`
      : `\nreturn ${RESULT};`;
  const ordered = inOrder([...(prefix === '' ? [] : [[0, 0, prefix] as const]), ...edits]);
  return {
    kind: outline.isModule ? 'module' : 'commonjs',
    source: applyEdits(code, ordered) + suffix,
    parameters: [...COMMONJS.filter((name) => !outline.declared.has(name)), RESULT],
    isAsync: outline.isAsync,
    columnOf: createColumnMap(code, ordered),
  };
}

/** Returns a program as it is: its result cannot be had, as the parser does not know its syntax. */
export function prepareUnparsed(code: string, { isAsync }: { readonly isAsync: boolean }): NodeProgram {
  const opening = isAsync ? 'return (async () => {' : '';
  return {
    kind: 'commonjs',
    source: isAsync ? `${opening}${code}\n})()` : code,
    parameters: [...COMMONJS, RESULT],
    isAsync,
    columnOf: createColumnMap(code, [[0, 0, opening]]),
  };
}

const MODULE_LINE = /^(?:import\s*[\w*{"']|export\s+(?:default|const|let|var|function|class|async)\b|export\s*[{*])/;

/** Returns true for the text of an ES module, as far as can be seen without parsing it. */
export const looksLikeModule = (code: string): boolean =>
  /\bimport\.meta\b/.test(code) || code.split('\n').some((line) => MODULE_LINE.test(line.trim()));

interface Outline {
  readonly isModule: boolean;
  readonly isAsync: boolean;
  /** Names that the top level declares. */
  readonly declared: ReadonlySet<string>;
  /** All names that are used anywhere. */
  readonly used: ReadonlySet<string>;
  readonly edits: readonly Edit[];
}

function outlineOf(tree: Program): Outline {
  const used = new Set<string>();
  const edits: Edit[] = [];
  let isModule = tree.body.some(({ type }) => /^(?:Import|Export)/.test(type));
  let isAsync = false;
  walk(tree, (node, inFunction) => {
    if (node.type === 'Identifier') used.add(node.name);
    if (node.type === 'MetaProperty' && node.meta.name === 'import') isModule = true;
    edits.push(...mainOf(node));
    isAsync ||= !inFunction && awaits(node);
  });
  return { isModule, isAsync, declared: new Set(tree.body.flatMap(declaredBy)), used, edits };
}

/** A program is the main module, though it is imported by ours. */
function mainOf(node: AnyNode): readonly Edit[] {
  if (node.type !== 'MemberExpression' || node.object.type !== 'MetaProperty' || node.computed) return [];
  const { object, property } = node;
  return object.meta.name === 'import' && property.type === 'Identifier' && property.name === 'main'
    ? [[node.start, node.end, 'true']]
    : [];
}

function awaits(node: AnyNode): boolean {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true;
  return node.type === 'VariableDeclaration' && node.kind === 'await using';
}

function declaredBy(node: AnyNode): readonly string[] {
  if (node.type === 'ImportDeclaration') return node.specifiers.map(({ local }) => local.name);
  return namesDeclaredBy(declarationOf(node));
}

function forModule({ declared, used }: Outline): string {
  return COMMONJS.filter((name) => used.has(name) && !declared.has(name))
    .map((name) => `const ${name} = ${FOR_MODULES[name]}; `)
    .join('');
}

/** Functions are declared before, and empty statements are nothing: the value is that of the statement before. */
const hasValue = ({ type }: AnyNode): boolean => type !== 'EmptyStatement' && type !== 'FunctionDeclaration';

/** Returns the edits that keep the completion value of a statement in {@link RESULT}, as `eval` would return it. */
function completion(node: AnyNode | null | undefined): readonly Edit[] {
  if (node?.type === 'ExpressionStatement') {
    const { start, end } = node.expression;
    return [
      [start, start, `${RESULT} = (`],
      [end, end, ')'],
    ];
  }
  return node ? lastOf(node).flatMap(completion) : [];
}

const WITH_BODY = /^(?:Labeled|With|While|DoWhile|For|ForIn|ForOf)Statement$/;

/** Returns the statements in a statement of which one may be the last to run. */
function lastOf(node: AnyNode): readonly (AnyNode | null | undefined)[] {
  switch (node.type) {
    case 'BlockStatement':
      return [node.body.findLast(hasValue)];
    case 'IfStatement':
      return [node.consequent, node.alternate];
    case 'TryStatement':
      return [node.block, node.handler?.body];
    case 'SwitchStatement':
      return node.cases.map(({ consequent }) => consequent.findLast(isNoBreak));
    default:
      return WITH_BODY.test(node.type) && 'body' in node && !Array.isArray(node.body) ? [node.body] : [];
  }
}

const isNoBreak = (node: Statement): boolean => hasValue(node) && node.type !== 'BreakStatement';
