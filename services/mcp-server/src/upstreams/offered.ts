import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';

/** The part of an entry of mesh.json that says which tools to offer, by the names that the upstream gives them. */
export interface ToolSelection {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** Returns the tools that a selection offers. */
export function offered<T extends { readonly name: string }>(
  tools: readonly T[],
  { include, exclude = [] }: ToolSelection,
): readonly T[] {
  return tools.filter(({ name }) => (include === undefined || include.includes(name)) && !exclude.includes(name));
}

/** Returns the defects of what a selection offers: those of a tool that is excluded are of no interest. */
export function offeredDefects(defects: readonly Defect[], selection: ToolSelection): readonly Defect[] {
  const tools = defects.filter(({ kind }) => kind === 'tool');
  const kept = new Set(offered(tools, selection));
  return defects.filter((defect) => defect.kind !== 'tool' || kept.has(defect));
}
