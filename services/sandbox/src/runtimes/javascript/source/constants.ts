import type { AnyNode, Identifier, Pattern, Program } from 'acorn';
import { boundNames, declarationOf, type Edit, namesDeclaredBy, walk } from './syntax.ts';

/** The name of a property of the global object that throws what an assignment to a constant throws. */
export const CONSTANT = '__constant';

interface Target {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The text that assigns to {@link CONSTANT} instead. */
  readonly text: string;
}

/**
 * Keeps constants constant that have become properties of the global object (session-scope.ts): returns edits of `tree`
 * that make it assign to {@link CONSTANT} instead of to a name of `constants` that it has no other meaning for.
 */
export function guardConstants(tree: Program, constants: ReadonlySet<string>): readonly Edit[] {
  if (constants.size === 0) return [];
  return tree.body.flatMap((statement) => {
    const own = declarationOf(statement);
    const targets: Target[] = [];
    const others = new Set<string>();
    walk(statement, (node) => {
      targets.push(...targetsOf(node));
      if (node !== own) for (const name of namesDeclaredBy(node)) others.add(name);
      if ('params' in node) for (const name of node.params.flatMap(boundNames)) others.add(name);
    });
    // A name that means something else anywhere in the statement may mean it here.
    const guarded = targets.filter(({ name }) => constants.has(name) && !others.has(name));
    return guarded.map(({ start, end, text }): Edit => [start, end, text]);
  });
}

/** Lists the assignments of a node. */
function targetsOf(node: AnyNode): readonly Target[] {
  switch (node.type) {
    case 'UpdateExpression':
      return node.argument.type === 'Identifier' ? [targetOf(node.argument)] : [];
    case 'ForInStatement':
    case 'ForOfStatement':
      return node.left.type === 'VariableDeclaration' ? [] : assigned(node.left);
    case 'AssignmentExpression':
      // `x ??= y` assigns in some cases only.
      return /^(\|\||&&|\?\?)=$/.test(node.operator) ? [] : assigned(node.left);
    default:
      return [];
  }
}

const targetOf = ({ name, start, end }: Identifier): Target => ({ name, start, end, text: CONSTANT });

function assigned(pattern: Pattern | null): readonly Target[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [targetOf(pattern)];
    case 'ArrayPattern':
      return pattern.elements.flatMap(assigned);
    case 'AssignmentPattern':
      return assigned(pattern.left);
    case 'RestElement':
      return assigned(pattern.argument);
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => {
        if (property.type !== 'Property') return assigned(property.argument);
        const targets = assigned(property.value);
        if (!property.shorthand) return targets;
        return targets.map((target) => ({ ...target, text: `${target.name}: ${target.text}` }));
      });
    default:
      return [];
  }
}
