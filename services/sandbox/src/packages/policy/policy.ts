import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readJson } from '../json-file.ts';
import { policyName } from '../spec.ts';

const names = z.array(z.string().min(1)).transform((list) => new Set(list.map(policyName)));

/** What the operator decided beforehand. Its names hold for PyPI and npm, however they are written. */
const Policy = z.strictObject({
  blocked: names.prefault([]),
  /** Names that a person has to allow, once. */
  needs_approval: names.prefault([]),
  /** Where it is not null, nothing but these is installed: what they depend on has to be on the list, too. */
  only_allowed: names.nullable().default(null),
  /** A package that is not well-known and was first published later than this needs approval. */
  minimum_age_days: z.number().min(0).default(30),
});
export type Policy = z.output<typeof Policy>;

const DEFAULT_FILE = fileURLToPath(new URL('../../../data/package-policy.json', import.meta.url));

/** Reads the policy; the shipped one when no file is named. @throws Error when the file is missing or not as it should be */
export async function loadPolicy(file = DEFAULT_FILE): Promise<Policy> {
  const policy = await readJson(file, Policy);
  if (policy === undefined) throw new Error(`${file}: there is no such policy file`);
  return policy;
}
