import { z } from 'zod';
import type { JsonSchema, Tool } from '../../contracts/tool.ts';
import { pythonStub } from '../stubs/python-stub.ts';
import { typescriptStub } from '../stubs/typescript-stub.ts';
import type { ToolSearch } from './tool-search.ts';
import { trimSchema } from './trim-schema.ts';

export const MAX_LIMIT = 20;
const DEFAULT_LIMIT = 5;
const MAX_QUERY = 1_000;

/** The arguments of `search_tools`. */
export const SearchInput = z.strictObject({
  query: z.string().trim().min(1).max(MAX_QUERY).describe('What the tool should do'),
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT).describe('Tools to return at most'),
  format: z
    .enum(['python', 'typescript'])
    .optional()
    .describe('For a program of execute_code: a signature of this language (stub) instead of input_schema'),
});
export type SearchInput = z.output<typeof SearchInput>;

/** The result of `search_tools`: the best first. */
export const SearchOutput = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      title: z.string().optional(),
      description: z.string(),
      server: z.string().optional(),
      status: z.string().optional().describe('Present if the server is not up'),
      input_schema: z.record(z.string(), z.unknown()).optional().describe('Absent if there is a stub'),
      stub: z.string().optional().describe('The tool as a function, in the format that was asked for'),
    }),
  ),
});
export type SearchOutput = z.output<typeof SearchOutput>;

const MAX_DESCRIPTION = 400;
/** Characters of all schemas of an answer together, shared by its tools. */
const MAX_SCHEMAS = 24_000;

export interface SearchBounds {
  /** Returns whether a tool may be found. Default: all. */
  readonly accept?: (tool: Tool) => boolean;
  /** Characters of all schemas together, for a reader with little room. */
  readonly maxSchemas?: number;
}

/** Returns the answer of `search_tools`: bounded, however large the tools are. */
export async function runSearch(
  search: ToolSearch,
  { query, limit, format }: SearchInput,
  { accept, maxSchemas = MAX_SCHEMAS }: SearchBounds = {},
): Promise<SearchOutput> {
  const found = await search.search(query, { limit, ...(accept === undefined ? {} : { accept }) });
  const share = Math.floor(maxSchemas / Math.max(DEFAULT_LIMIT, found.length));
  return { tools: found.map((tool) => ({ ...describe(tool), ...shapeOf(tool, format, share) })) };
}

function shapeOf(tool: Tool, format: SearchInput['format'], maxSchema: number) {
  if (format === 'python') return { stub: pythonStub(tool) };
  if (format === 'typescript') return { stub: typescriptStub(tool) };
  return { input_schema: trimmed(tool.input_schema, maxSchema) };
}

function describe({ name, title, description, server, status }: Tool) {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description: description.length <= MAX_DESCRIPTION ? description : `${description.slice(0, MAX_DESCRIPTION)}…`,
    ...(server === undefined ? {} : { server }),
    ...(status === undefined || status === 'up' ? {} : { status }),
  };
}

/** Schemas that were trimmed, by those that they were made of: the same tools are found again and again. */
const known = new WeakMap<JsonSchema, { readonly max: number; readonly schema: JsonSchema }>();

function trimmed(schema: JsonSchema, max: number): JsonSchema {
  const before = known.get(schema);
  if (before?.max === max) return before.schema;
  const fitted = trimSchema(schema, max);
  known.set(schema, { max, schema: fitted });
  return fitted;
}
