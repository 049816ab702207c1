import type { Tool } from '@toolmesh/shared/contracts/tool';
import { cutText, TRIM_LEVELS, trimSchema } from './trim-schema.ts';

/** A tool as an operation describes it. */
export type DescribedTool = Omit<Tool, 'name'>;

/** The size of a tool in a list that is not trimmed, and the sizes to try when a list is too long. */
const CAPS = [16_384, 8_192, 4_096, 2_048, 1_024, 512];

const NOTE = 'Parts of its schema are left out here: those that the service documents are accepted, and checked.';

const sizeOf = (tool: DescribedTool): number => JSON.stringify(tool).length;

/**
 * Returns the tools in the same order, trimmed so that the whole list has about `maxChars` characters: the largest are
 * trimmed first, small ones stay as they are.
 */
export function fitList(tools: readonly DescribedTool[], maxChars: number): readonly DescribedTool[] {
  const trimmers = tools.map(createTrimmer);
  for (const cap of CAPS) {
    const trimmed = trimmers.map((trim) => trim(cap));
    const total = trimmed.reduce((sum, { size }) => sum + size, 0);
    if (total <= maxChars || cap === CAPS.at(-1)) return trimmed.map(({ tool }) => tool);
  }
  return tools;
}

interface Sized {
  readonly tool: DescribedTool;
  readonly size: number;
}

/** Returns a tool at the first level at which it has at most so many characters, or at the last one. */
type Trimmer = (cap: number) => Sized;

function createTrimmer(tool: DescribedTool): Trimmer {
  let current: Sized = { tool, size: sizeOf(tool) };
  let level = 0;
  return (cap) => {
    for (; current.size > cap && level < TRIM_LEVELS.length; level += 1) current = atLevel(tool, level, current);
    return current;
  };
}

function atLevel(tool: DescribedTool, index: number, before: Sized): Sized {
  const level = TRIM_LEVELS[index];
  if (level === undefined) return before;
  const schema = trimSchema(tool.input_schema, level, before.size);
  if (schema === undefined) return before;
  const description = cutText(tool.description, level.own);
  const note = level.depth === undefined ? '' : `\n\n${NOTE}`;
  const { output_schema: _output, ...rest } = tool;
  const trimmed = { ...rest, description: `${description}${note}`, input_schema: schema };
  const size = sizeOf(trimmed);
  return size < before.size ? { tool: trimmed, size } : before;
}
