import { builtinModules } from 'node:module';
import type { Policy } from '../policy/policy.ts';
import type { PopularNames } from '../policy/popular-names.ts';
import { Refusal } from '../refusal.ts';
import { policyName } from '../spec.ts';

/** Node's own modules by the first part of their names; those that only `node:` leads to stand in nobody's way. */
const NODE_MODULES: ReadonlySet<string> = new Set(
  builtinModules.filter((name) => !name.startsWith('node:')).map((name) => name.split('/')[0] ?? name),
);

export const isNodeModule = (name: string): boolean => NODE_MODULES.has(name);

/** A package of npm and the folder that it is installed in, by which programs require it. */
export interface Placed {
  readonly name: string;
  readonly version: string;
  /** Its path in npm's tree, such as `node_modules/a/node_modules/b`. */
  readonly place: string;
}

export interface FolderKnowledge {
  readonly popular: Pick<PopularNames, 'has'>;
  readonly policy: Policy;
}

/** Returns the name by which a package at `place` is required. */
const folderOf = (place: string): string => place.split(/(?:^|\/)node_modules\//).at(-1) ?? place;

/**
 * Refuses an alias (`"lodash": "npm:other@1"`) that gives a package the name of Node's own module, of one that the
 * policy lists, or of a well-known one.
 * @throws Refusal suspicious, naming both
 */
export function refuseForeignFolder({ name, version, place }: Placed, { popular, policy }: FolderKnowledge): void {
  const folder = folderOf(place);
  if (folder === name) return;
  const listed = policyName(folder);
  const isListed = policy.blocked.has(listed) || policy.needs_approval.has(listed);
  const isForeign = popular.has(folder) && !popular.has(name);
  if (!isNodeModule(folder) && !isListed && !isForeign) return;
  const owner = isNodeModule(folder) ? 'which is the name of a module of Node itself' : `which belongs to ${folder}`;
  throw new Refusal('suspicious', `${name}@${version} would be installed as ${folder}, ${owner}`);
}
