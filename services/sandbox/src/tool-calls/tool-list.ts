import type { Tool } from '@toolmesh/shared/contracts/tool';
import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import { identifierOf } from '@toolmesh/shared/kit/stubs/identifiers';

/** The tools that a program may call, by the names that a program may use for them. */
export interface ToolList {
  readonly tools: readonly Tool[];
  /**
   * Returns the tool of a name: the hub's, or that of its server where the hub had to change it, or the identifier that
   * stands for it, as `git_status` for `git.status`. Undefined for a name of none, or of several.
   */
  find(name: string): Tool | undefined;
  /** Returns the nearest names, best first. */
  near(name: string): readonly string[];
}

export function createToolList(tools: readonly Tool[]): ToolList {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const byOtherName = new Map<string, Set<Tool>>();
  for (const tool of tools) {
    for (const other of otherNames(tool)) byOtherName.set(other, (byOtherName.get(other) ?? new Set()).add(tool));
  }
  return {
    tools,
    find(name) {
      const [only, ...others] = byOtherName.get(name) ?? [];
      return byName.get(name) ?? (others.length === 0 ? only : undefined);
    },
    near: (name) => nearestNames(name, byName.keys()),
  };
}

const otherNames = ({ name, original_name }: Tool): readonly string[] => [
  identifierOf(name),
  ...(original_name === undefined ? [] : [original_name, identifierOf(original_name)]),
];

/** Returns a list with some of the tools alone. */
export const partOf = ({ tools }: ToolList, isIn: (tool: Tool) => boolean): ToolList =>
  createToolList(tools.filter(isIn));
