import { namePattern } from '@toolmesh/shared/kit/text/name-pattern';
import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';

/**
 * The part of an entry of mesh.json that says which tools to offer: by the names that the upstream gives them, in which
 * `*` stands for any characters, or by `tag:`, `method:` and `path:` of an operation.
 */
export interface ToolSelection {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** A tool, as far as a selection looks at it. */
export interface Selectable {
  readonly name: string;
  /** The operation of a REST service that it calls. */
  readonly operation?: OperationTraits | undefined;
}

/** The traits of an operation by which it can be selected. */
export interface OperationTraits {
  /** In upper case. */
  readonly method: string;
  /** The template: `/pets/{id}`. */
  readonly path: string;
  readonly tags: readonly string[];
}

/** Returns the test of a selection. */
export function selects({ include, exclude = [] }: ToolSelection): (tool: Selectable) => boolean {
  const included = include?.map(selector);
  const excluded = exclude.map(selector);
  return (tool) => (included === undefined || included.some((is) => is(tool))) && !excluded.some((is) => is(tool));
}

/** Returns the tools that a selection offers. */
export const offered = <T extends Selectable>(tools: readonly T[], selection: ToolSelection): readonly T[] =>
  tools.filter(selects(selection));

/** Returns whether a tool of this name may be offered: its traits, if it has any, are not known. */
export function mayBeOffered(name: string, { include, exclude = [] }: ToolSelection): boolean {
  const isIncluded =
    include === undefined || include.some((pattern) => TRAIT.test(pattern) || namePattern(pattern)(name));
  return isIncluded && !exclude.some((pattern) => namePattern(pattern)(name));
}

const TRAIT = /^(tag|method|path):(.*)$/s;

function selector(pattern: string): (tool: Selectable) => boolean {
  const isNamed = namePattern(pattern);
  const [, trait, value = ''] = TRAIT.exec(pattern) ?? [];
  const isValue = namePattern(trait === 'method' ? value.toUpperCase() : value);
  return ({ name, operation }) => isNamed(name) || valuesOf(operation, trait).some(isValue);
}

function valuesOf(operation: OperationTraits | undefined, trait: string | undefined): readonly string[] {
  if (operation === undefined) return [];
  if (trait === 'tag') return operation.tags;
  if (trait === 'method') return [operation.method];
  return trait === 'path' ? [operation.path] : [];
}

/** Returns the defects of what a selection offers: those of a tool that is excluded are of no interest. */
export function offeredDefects(defects: readonly Defect[], selection: ToolSelection): readonly Defect[] {
  const tools = defects.filter(({ kind }) => kind === 'tool');
  const kept = new Set(offered(tools, selection));
  return defects.filter((defect) => defect.kind !== 'tool' || kept.has(defect));
}
