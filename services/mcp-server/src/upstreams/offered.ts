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
