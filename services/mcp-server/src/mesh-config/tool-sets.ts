import { problemsOf } from '@toolmesh/shared/kit/faults/errors';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { z } from 'zod';

/** The last part of the path that a set is served at. */
const SetName = z.string().regex(/^[A-Za-z0-9_-]{1,48}$/, 'a name has 1 to 48 of A-Z, a-z, 0-9, _ and -');
const Patterns = z.array(z.string().min(1).max(128)).max(1_000);

/** A part of what the hub offers, served at `/mcp/{name}`. */
const ToolSet = z.strictObject({
  /** Tools and prompts by the hub's names, and whole servers as `server:NAME`; `*` stands for any characters. Default: all. */
  include: Patterns.optional(),
  /** Left out of those, in the same words. */
  exclude: Patterns.optional(),
  /** All tools, or the hub's own for searching and those of `pinned`. Default: MESH_TOOL_LISTING. */
  listing: z.enum(['full', 'search']).optional(),
  /** Tools that a list for searching has all the same. Default: those of the file. */
  pinned: Patterns.optional(),
  /** Ignored: for people. */
  description: z.string().optional(),
});
export type ToolSet = z.output<typeof ToolSet>;

/** The parts of mesh.json that choose tools for those who list them. */
export interface ToolChoice {
  readonly sets: ReadonlyMap<string, ToolSet>;
  /** Tools that every list for searching has all the same. */
  readonly pinned: readonly string[];
}

/** Keys of mesh.json that are read here. */
export const CHOICE_KEYS = ['sets', 'pinned'] as const;
const MAX_SETS = 256;

/** Reads the sets of a file. One that is wrong is left out, with its problems among the warnings. */
export function readToolChoice(rest: Readonly<Record<string, unknown>>, warnings: string[]): ToolChoice {
  const { sets = {}, pinned = [] } = rest;
  const parsed = Patterns.safeParse(pinned);
  if (!parsed.success)
    warnings.push(...problemsOf(parsed.error).map(({ path, message }) => said(['pinned', path], message)));
  const known = new Map<string, ToolSet>();
  if (!isRecord(sets)) warnings.push('sets: expected {"<name>": {"include": [...]}}');
  for (const [name, value] of Object.entries(isRecord(sets) ? sets : {}).slice(0, MAX_SETS)) {
    const set = z.object({ name: SetName, value: ToolSet }).safeParse({ name, value });
    if (set.success) known.set(name, set.data.value);
    else
      warnings.push(
        ...problemsOf(set.error).map(({ path, message }) =>
          said(['sets', name, path.replace(/^(?:name|value)\.?/, '')], message),
        ),
      );
  }
  return { sets: known, pinned: parsed.success ? parsed.data : [] };
}

const said = (path: readonly string[], message: string): string =>
  `${path.filter((part) => part !== '').join('.')}: ${message}`;
