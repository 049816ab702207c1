// Prelude: keeps constants constant that have become properties of the global object (session-scope.js).

/** A property of the global object that throws what an assignment to a constant throws. */
const CONSTANT = '__constant';

/** Edits of `tree` that make it assign to CONSTANT instead of to a name of `constants` that it has no other meaning for. */
function guardConstants(tree, constants) {
  if (constants.size === 0) return [];
  return tree.body.flatMap((statement) => {
    const own = statement.declaration ?? statement;
    const targets = [];
    const others = new Set();
    walk(statement, (node) => {
      targets.push(...targetsOf(node));
      if (node !== own) for (const name of namesDeclaredBy(node)) others.add(name);
      for (const param of node.params ?? []) for (const name of boundNames(param)) others.add(name);
    });
    // A name that means something else anywhere in the statement may mean it here.
    const guarded = targets.filter(({ name }) => constants.has(name) && !others.has(name));
    return guarded.map(({ start, end, text }) => [start, end, text]);
  });
}

/** Lists the assignments of a node: `{ name, start, end, text }`, the text being what assigns to CONSTANT instead. */
function targetsOf(node) {
  if (node.type === 'UpdateExpression') return assigned(node.argument);
  if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') return assigned(node.left);
  // `x ??= y` assigns in some cases only.
  const assigns = node.type === 'AssignmentExpression' && !/^(\|\||&&|\?\?)=$/.test(node.operator);
  return assigns ? assigned(node.left) : [];
}

function assigned(pattern) {
  if (pattern?.type === 'Identifier') return [{ ...pattern, text: CONSTANT }];
  if (pattern?.type === 'ArrayPattern') return pattern.elements.flatMap(assigned);
  if (pattern?.type === 'AssignmentPattern') return assigned(pattern.left);
  if (pattern?.type === 'RestElement') return assigned(pattern.argument);
  if (pattern?.type !== 'ObjectPattern') return [];
  return pattern.properties.flatMap(({ shorthand, value, argument }) =>
    assigned(value ?? argument).map((target) =>
      shorthand ? { ...target, text: `${target.name}: ${target.text}` } : target,
    ),
  );
}

/** Lists the names of a declaration, a named function or class expression or a catch clause. */
function namesDeclaredBy({ type, id, declarations, param }) {
  if (type === 'VariableDeclaration') return declarations.flatMap((declarator) => boundNames(declarator.id));
  if (type === 'CatchClause') return boundNames(param);
  return /^(Function|Class)/.test(type) && id ? [id.name] : [];
}
