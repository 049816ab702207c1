import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A name, and perhaps a version, that no index is ever to be asked to install. */
const HostileName = z.strictObject({
  what: z.string(),
  ecosystem: z.enum(['pypi', 'npm']),
  name: z.string(),
  version: z.string().optional(),
  /** The reasons that may be given for the refusal (contract, section 6). */
  codes: z.array(z.string()).min(1),
});
export type HostileName = z.output<typeof HostileName>;

export const HOSTILE_NAMES: readonly HostileName[] = z
  .array(HostileName)
  .parse(JSON.parse(readFileSync(new URL('./j-packages/names.json', import.meta.url), 'utf8')));

/** Indexes that do not answer: a refusal that needs one is no refusal. */
export const NO_INDEX = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple/', NPM_CONFIG_REGISTRY: 'http://127.0.0.1:9/' };
