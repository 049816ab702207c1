import { type AnyNode, type ImportDeclaration, parse, type Program } from 'acorn';
import { type ColumnMap, createColumnMap } from './column-map.ts';
import type { ProgramScope } from './program-scope.ts';
import { keepDeclarations } from './session-scope.ts';
import { applyEdits, type Edit, importedName, inOrder, PROGRAM_OPTIONS, walk } from './syntax.ts';

/** The globals that a prepared program uses for import(), import statements and `import.meta`. */
export const IMPORT = '__import';
export const IMPORT_SYNC = '__importSync';
export const IMPORT_META = '__importMeta';

/** A program whose completion value is that of its last expression. */
export interface PreparedProgram {
  /** A script. It gives the value, or where the program awaits a promise of it. */
  readonly source: string;
  /** Maps a place of the source to the program's own text. */
  readonly columnOf: ColumnMap;
  /** A script to be run before the source. */
  readonly declarations?: string;
}

/**
 * Turns a program into one whose last expression can be had, if it awaits at its top level or not. One that does not
 * stays as it is: the value of a script is that of its last statement. Others become the body of an async function that
 * returns it. Where there are `constants` of earlier programs, what this one declares outlives it, too (session-scope.ts).
 * @throws SyntaxError of acorn, with `loc`
 */
export function prepareProgram(code: string, constants?: Set<string>): PreparedProgram {
  const tree = parseProgram(code);
  const edits: Edit[] = [];
  const outside: AnyNode[] = [];
  let isAsync = tree.sourceType === 'module';
  walk(tree, (node, inFunction) => {
    edits.push(...replaceMeta(node));
    if (inFunction) return;
    outside.push(node);
    isAsync ||= needsFunction(node);
  });
  const scope = constants === undefined ? ONE_SHOT_SCOPE : keepDeclarations(tree, { outside, isAsync, constants });
  edits.push(...scope.edits);
  for (const node of outside) edits.push(...replaceModuleSyntax(node, scope.declare));
  const last = tree.body.at(-1);
  if (isAsync && last?.type === 'ExpressionStatement') {
    edits.push([last.start, last.start, 'return ('], [last.expression.end, last.end, '\n)']);
  }
  const ordered = inOrder(edits);
  if (!isAsync) return { source: applyEdits(code, ordered), columnOf: createColumnMap(code, ordered) };
  const opening = '(async () => {';
  const { body, ...declared } = scope.hoist(code, ordered, opening.length);
  const columnOf = createColumnMap(code, [[0, 0, opening], ...ordered]);
  return { source: `${opening}${body}\n})()`, columnOf, ...declared };
}

/** A program with `using` at its top level can only be a module. @throws SyntaxError for what is no script either */
export function parseProgram(code: string): Program {
  try {
    return parse(code, PROGRAM_OPTIONS);
  } catch (error) {
    if (!/\busing\b/.test(code)) throw error;
  }
  return parse(code, { ...PROGRAM_OPTIONS, sourceType: 'module' });
}

/** The scope of a program whose declarations end with it. */
const ONE_SHOT_SCOPE: ProgramScope = {
  edits: [],
  declare: (pattern, value) => `const ${pattern} = ${value};`,
  hoist: (code, edits) => ({ body: applyEdits(code, edits) }),
};

/** Statements that only an async function, or only a function, may have. */
function needsFunction(node: AnyNode): boolean {
  if (node.type === 'AwaitExpression' || node.type === 'ReturnStatement') return true;
  return (
    (node.type === 'ForOfStatement' && node.await) ||
    (node.type === 'VariableDeclaration' && node.kind === 'await using')
  );
}

function replaceMeta(node: AnyNode): readonly Edit[] {
  if (node.type === 'ImportExpression') return [[node.start, node.start + 'import'.length, IMPORT]];
  return node.type === 'MetaProperty' && node.meta.name === 'import' ? [[node.start, node.end, IMPORT_META]] : [];
}

/** Returns what makes an import or export statement one of a script. */
function replaceModuleSyntax(node: AnyNode, declare: ProgramScope['declare']): readonly Edit[] {
  const { start, end } = node;
  switch (node.type) {
    case 'ImportDeclaration':
      return [[start, end, replaceImport(node, declare)]];
    case 'ExportNamedDeclaration':
      return node.declaration ? [[start, node.declaration.start, '']] : [[start, end, ';']];
    case 'ExportDefaultDeclaration': {
      const { declaration } = node;
      const isNamed = declaration.type.endsWith('Declaration') && 'id' in declaration && declaration.id !== null;
      return [[start, declaration.start, isNamed ? '' : 'void ']];
    }
    case 'ExportAllDeclaration':
      return [[start, end, ';']];
    default:
      return [];
  }
}

function replaceImport({ source, specifiers }: ImportDeclaration, declare: ProgramScope['declare']): string {
  const named = specifiers.flatMap((specifier) => {
    const name = importedName(specifier);
    return name === undefined ? [] : [{ name: JSON.stringify(name), local: specifier.local.name }];
  });
  const request = `${IMPORT_SYNC}(${source.raw ?? ''}, [${named.map(({ name }) => name).join(',')}])`;
  if (specifiers.length === 0) return `${request};`;
  const pairs = named.map(({ name, local }) => `${name}: ${local}`);
  const all = specifiers.find(({ type }) => type === 'ImportNamespaceSpecifier');
  const pattern = pairs.length === 0 ? '' : declare(`{ ${pairs.join(', ')} }`, request);
  return all === undefined ? pattern : `${pattern}${declare(all.local.name, request)}`;
}
