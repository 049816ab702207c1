// Prelude: lets what a program declares at its top level outlive it, as in a REPL. Names become properties of the global
// object, which later programs find, assign and may declare anew; functions that use a name see what it is then.

/**
 * `outside`: the nodes of `tree` that are in no function. `constants`: the names of those that earlier programs have
 * declared, which becomes those that later ones find. A script's `var`s and functions are properties of the global
 * object already, so without await the rest becomes `var`. A program that awaits runs in a function, where only
 * assignments reach so far: its functions and the names of its variables are declared by a script before it.
 */
function keepDeclarations(tree, { outside, isAsync, constants }) {
  const statements = tree.body.map((node) => node.declaration ?? node);
  const classes = statements.filter(({ type, id }) => type === 'ClassDeclaration' && id !== null);
  // With its first string a strict program would shut its variables in.
  const edits = tree.body[0]?.directive === 'use strict' ? [[tree.body[0].start, tree.body[0].start, ';']] : [];
  for (const { id, start, end } of classes) {
    edits.push([start, start, `${isAsync ? '' : 'var '}${id.name} = `], [end, end, ';']);
  }
  noteConstants(constants, statements, outside);
  edits.push(...guardConstants(tree, constants));
  if (!isAsync) {
    for (const node of statements) if (isLexical(node)) edits.push(...asVar(node));
    return { edits, declare: (pattern, value) => `var ${pattern} = ${value};` };
  }
  const variables = outside.filter((node) => isHoisted(node, statements));
  const heads = new Set(outside.filter(({ type }) => type.startsWith('For')).map(({ init, left }) => init ?? left));
  for (const node of variables) edits.push(...(heads.has(node) ? [asHead(node)] : asAssignment(node)));
  const imports = outside.filter(({ type }) => type === 'ImportDeclaration');
  const names = [
    ...variables.flatMap(({ declarations }) => declarations.flatMap(({ id }) => boundNames(id))),
    ...imports.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)),
    ...classes.map(({ id }) => id.name),
  ];
  const functions = statements.filter(({ type, id }) => type === 'FunctionDeclaration' && id !== null);
  return {
    edits,
    declare: (pattern, value) => `void(${pattern} = ${value});`,
    hoist: (code, inOrder, indent) => hoist(code, inOrder, { functions, names, indent }),
  };
}

function noteConstants(constants, statements, outside) {
  const imports = outside.filter(({ type }) => type === 'ImportDeclaration');
  const declared = [...statements, ...outside.filter((node) => isHoisted(node, statements))];
  for (const node of declared) for (const name of namesDeclaredBy(node)) constants.delete(name);
  for (const node of statements)
    if (node.kind === 'const') for (const name of namesDeclaredBy(node)) constants.add(name);
  for (const { specifiers } of imports) for (const { local } of specifiers) constants.add(local.name);
}

const isLexical = ({ type, kind }) => type === 'VariableDeclaration' && (kind === 'let' || kind === 'const');

/** `var` reaches out of blocks; `let` and `const` are the program's own only where they are its statements. */
const isHoisted = (node, statements) =>
  (node.type === 'VariableDeclaration' && node.kind === 'var') || (isLexical(node) && statements.includes(node));

function asVar({ kind, start, declarations }) {
  return [[start, start + kind.length, 'var'.padEnd(kind.length)], ...declarations.flatMap(emptied)];
}

/** `let x;` is undefined also where there was an x. */
const emptied = ({ init, end }) => (init === null ? [[end, end, ' = void 0']] : []);

function asAssignment({ kind, start, end, declarations }) {
  const last = declarations.at(-1).end;
  const values = kind === 'let' ? declarations.flatMap(emptied) : [];
  // `void` begins a statement wherever it stands; `last === end` is one that ends with its line.
  return [[start, start + kind.length, 'void('], ...values, [last, last, last === end ? ');' : ')']];
}

/** The head of a loop: `for (var i = 0;;)`, `for (var x of xs)`. */
const asHead = ({ start }) => [start, start + 'var'.length, '   '];

/** The names that a pattern binds or assigns. */
function boundNames(pattern) {
  // A hole of an array; a property of an object.
  if (pattern === null || pattern.type === 'MemberExpression') return [];
  if (pattern.type === 'Identifier') return [pattern.name];
  if (pattern.type === 'ObjectPattern') return pattern.properties.flatMap((p) => boundNames(p.value ?? p.argument));
  if (pattern.type === 'ArrayPattern') return pattern.elements.flatMap(boundNames);
  return boundNames(pattern.left ?? pattern.argument);
}

/** The functions alone, each where it was, and everything else. */
function hoist(code, edits, { functions, names, indent }) {
  const blank = (text) => text.replace(/[^\n\r\u2028\u2029]/g, ' ');
  const within = ({ start, end }) => edits.filter(([from, to]) => from >= start && to <= end);
  let declarations = ' '.repeat(indent);
  let at = 0;
  for (const node of functions) {
    declarations += blank(code.slice(at, node.start)) + applyEdits(code, within(node), node);
    at = node.end;
  }
  const outer = edits.filter(([from, to]) => !functions.some(({ start, end }) => from >= start && to <= end));
  const holes = functions.map(({ start, end }) => [start, end, blank(code.slice(start, end))]);
  const body = applyEdits(
    code,
    [...outer, ...holes].sort((a, b) => a[0] - b[0] || a[1] - b[1]),
  );
  return { body, declarations: names.length === 0 ? declarations : `${declarations}\nvar ${names.join(', ')};` };
}
