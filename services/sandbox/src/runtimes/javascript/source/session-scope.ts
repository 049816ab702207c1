import type { AnyNode, ClassDeclaration, FunctionDeclaration, Program, VariableDeclaration } from 'acorn';
import { guardConstants } from './constants.ts';
import type { ProgramScope } from './program-scope.ts';
import { applyEdits, declarationOf, type Edit, inOrder, namesDeclaredBy } from './syntax.ts';

/** The parts of a program that the scope of a session depends on. */
interface Outline {
  /** The nodes that are in no function. */
  readonly outside: readonly AnyNode[];
  readonly isAsync: boolean;
  /** The constants that earlier programs have declared. They become those that later programs find. */
  readonly constants: Set<string>;
}

/**
 * Lets what a program declares at its top level outlive it, as in a REPL. Names become properties of the global object,
 * which later programs find, assign and may declare anew; functions that use a name see what it is then.
 *
 * A script's `var`s and functions are properties of the global object already, so without await the rest becomes `var`.
 * A program that awaits runs in a function, where only assignments reach so far: its functions and the names of its
 * variables are declared by a script before it.
 */
export function keepDeclarations(tree: Program, { outside, isAsync, constants }: Outline): ProgramScope {
  const statements = tree.body.map(declarationOf);
  const classes = statements.filter(isNamedClass);
  const edits: Edit[] = [...unshut(tree)];
  for (const { id, start, end } of classes) {
    edits.push([start, start, `${isAsync ? '' : 'var '}${id.name} = `], [end, end, ';']);
  }
  noteConstants(constants, statements, outside);
  edits.push(...guardConstants(tree, constants));
  if (!isAsync) {
    for (const node of statements) if (isLexical(node)) edits.push(...asVar(node));
    return {
      edits,
      declare: (pattern, value) => `var ${pattern} = ${value};`,
      hoist: (code, ordered) => ({ body: applyEdits(code, ordered) }),
    };
  }
  const variables = outside.filter((node) => isHoisted(node, statements));
  const heads = new Set(outside.map(headOf));
  for (const node of variables) edits.push(...(heads.has(node) ? [asHead(node)] : asAssignment(node)));
  const names = [
    ...variables.flatMap(namesDeclaredBy),
    ...outside.flatMap(importedLocals),
    ...classes.map(({ id }) => id.name),
  ];
  const functions = statements.filter(isNamedFunction);
  return {
    edits,
    declare: (pattern, value) => `void(${pattern} = ${value});`,
    hoist: (code, ordered, indent) => hoist(code, ordered, { functions, names, indent }),
  };
}

const isNamedClass = (node: AnyNode): node is ClassDeclaration => node.type === 'ClassDeclaration' && Boolean(node.id);
const isNamedFunction = (node: AnyNode): node is FunctionDeclaration =>
  node.type === 'FunctionDeclaration' && Boolean(node.id);

/** With its first string a strict program would shut its variables in. */
function unshut({ body: [first] }: Program): readonly Edit[] {
  const isStrict = first?.type === 'ExpressionStatement' && first.directive === 'use strict';
  return isStrict ? [[first.start, first.start, ';']] : [];
}

function noteConstants(constants: Set<string>, statements: readonly AnyNode[], outside: readonly AnyNode[]): void {
  const declared = [...statements, ...outside.filter((node) => isHoisted(node, statements))];
  for (const name of declared.flatMap(namesDeclaredBy)) constants.delete(name);
  for (const node of statements) {
    if (node.type === 'VariableDeclaration' && node.kind === 'const') {
      for (const name of namesDeclaredBy(node)) constants.add(name);
    }
  }
  for (const name of outside.flatMap(importedLocals)) constants.add(name);
}

const importedLocals = (node: AnyNode): readonly string[] =>
  node.type === 'ImportDeclaration' ? node.specifiers.map(({ local }) => local.name) : [];

const isLexical = (node: AnyNode): node is VariableDeclaration =>
  node.type === 'VariableDeclaration' && (node.kind === 'let' || node.kind === 'const');

/** `var` reaches out of blocks; `let` and `const` are the program's own only where they are its statements. */
const isHoisted = (node: AnyNode, statements: readonly AnyNode[]): node is VariableDeclaration =>
  (node.type === 'VariableDeclaration' && node.kind === 'var') || (isLexical(node) && statements.includes(node));

function asVar({ kind, start, declarations }: VariableDeclaration): readonly Edit[] {
  return [[start, start + kind.length, 'var'.padEnd(kind.length)], ...declarations.flatMap(emptied)];
}

/** `let x;` is undefined also where there was an x. */
const emptied = ({ init, end }: VariableDeclaration['declarations'][number]): readonly Edit[] =>
  init ? [] : [[end, end, ' = void 0']];

function asAssignment({ kind, start, end, declarations }: VariableDeclaration): readonly Edit[] {
  const last = declarations.at(-1)?.end ?? end;
  const values = kind === 'let' ? declarations.flatMap(emptied) : [];
  // `void` begins a statement wherever it stands; `last === end` is one that ends with its line.
  return [[start, start + kind.length, 'void('], ...values, [last, last, last === end ? ');' : ')']];
}

/** The declaration in the head of a loop. */
function headOf(node: AnyNode): AnyNode | undefined {
  if (node.type === 'ForStatement') return node.init ?? undefined;
  return node.type === 'ForInStatement' || node.type === 'ForOfStatement' ? node.left : undefined;
}

/** The head of a loop: `for (var i = 0;;)`, `for (var x of xs)`. */
const asHead = ({ start }: AnyNode): Edit => [start, start + 'var'.length, '   '];

interface Hoisted {
  readonly functions: readonly AnyNode[];
  readonly names: readonly string[];
  readonly indent: number;
}

/** The functions alone, each where it was, and everything else. */
function hoist(code: string, edits: readonly Edit[], { functions, names, indent }: Hoisted) {
  const blank = (text: string) => text.replace(/[^\n\r\u2028\u2029]/g, ' ');
  const within = ({ start, end }: AnyNode) => edits.filter(([from, to]) => from >= start && to <= end);
  let declarations = ' '.repeat(indent);
  let at = 0;
  for (const node of functions) {
    declarations += blank(code.slice(at, node.start)) + applyEdits(code, within(node), node);
    at = node.end;
  }
  const outer = edits.filter(([from, to]) => !functions.some(({ start, end }) => from >= start && to <= end));
  const holes = functions.map(({ start, end }): Edit => [start, end, blank(code.slice(start, end))]);
  const body = applyEdits(code, inOrder([...outer, ...holes]));
  return { body, declarations: names.length === 0 ? declarations : `${declarations}\nvar ${names.join(', ')};` };
}
