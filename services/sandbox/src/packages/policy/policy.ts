import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readJson } from '../json-file.ts';
import { type PackageSpec, policyName } from '../spec.ts';

const names = z.array(z.string().min(1)).transform((list) => new Set(list.map(policyName)));

/** The operator's decisions. Its names apply to PyPI and npm, in any spelling. */
const Policy = z.strictObject({
  blocked: names.prefault([]),
  /** Names that a person has to approve, once. */
  needs_approval: names.prefault([]),
  /** If not null, only these are installed: their dependencies have to be on the list, too. */
  only_allowed: names.nullable().default(null),
  /** A package that is not well-known and was first published later than this needs approval. */
  minimum_age_days: z.number().min(0).default(30),
  /** The libraries for GPUs that wheels ask for. */
  gpu: z.enum(['leave_out', 'install']).default('leave_out'),
  /** Largest archive that is downloaded, in MiB. */
  max_archive_mb: z.number().min(1).max(4_096).default(512),
  /** Most that one set of packages takes when it is unpacked, in MiB. */
  max_unpacked_mb: z.number().min(1).max(16_384).default(1_536),
  /** Other indexes of PyPI's kind for some names, such as one with builds of torch that need no GPU. */
  indexes: z.record(z.string(), z.url()).default({}),
  /** True to install what a program imports without naming it, where that is well-known and not installed yet. */
  auto_install: z.boolean().default(false),
});
export type GpuParts = 'leave_out' | 'install';

export type Policy = z.output<typeof Policy>;

const DEFAULT_FILE = fileURLToPath(new URL('../../../data/package-policy.json', import.meta.url));

/** Reads the policy; the shipped one when no file is named. @throws Error when the file is missing or invalid */
export async function loadPolicy(file = DEFAULT_FILE): Promise<Policy> {
  const policy = await readJson(file, Policy);
  if (policy === undefined) throw new Error(`${file}: there is no such policy file`);
  return policy;
}

const SCOPE = /^@[^/]+\//;

/**
 * Returns true for a package that a list of the policy names, in any spelling. A package of a scope is meant by its name
 * without the scope, too, unless it is well-known (`isKnown`): `@someone/requests`.
 */
export function isListed(listed: ReadonlySet<string>, { name }: Pick<PackageSpec, 'name'>, isKnown: boolean): boolean {
  return (
    listed.has(policyName(name)) || (!isKnown && SCOPE.test(name) && listed.has(policyName(name.replace(SCOPE, ''))))
  );
}
