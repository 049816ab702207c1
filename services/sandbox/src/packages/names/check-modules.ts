import type { Policy } from '../policy/policy.ts';
import type { PopularNames } from '../policy/popular-names.ts';
import { Refusal } from '../refusal.ts';
import { normaliseName, policyName } from '../spec.ts';
import type { Provided } from '../package-layer.ts';
import type { ModuleOwners } from './module-owners.ts';
import { prefixesOf } from './prefixes-of.ts';

/** Everything that the import names of a package are compared with. */
export interface ModuleKnowledge {
  readonly owners: ModuleOwners;
  readonly popular: Pick<PopularNames, 'has'>;
  readonly policy: Policy;
  /** Packages that every program has. */
  readonly provided: ReturnType<Provided>;
}

/** A distribution and the import names that it brings, as `modulesOf` returns them. */
export interface Provider {
  readonly name: string;
  readonly version: string;
  readonly modules: readonly string[];
  /** The packages that it claims to provide or to replace. */
  readonly standsFor?: readonly string[];
}

/**
 * Refuses a distribution that brings a module of Python's or of another distribution: of one that is well-known, that
 * every program has, or that the policy blocks or asks about.
 * @throws Refusal suspicious, naming both
 */
export function refuseForeignModules(provider: Provider, knowledge: ModuleKnowledge): void {
  const { name, version, modules, standsFor = [] } = provider;
  const listed = standsFor.find((other) => other !== name && isListed(knowledge.policy, other));
  if (listed !== undefined) {
    throw new Refusal('suspicious', `${name} ${version} says that it stands for ${listed}, which the policy lists`);
  }
  for (const module of modules) {
    const owner = foreignOwner(name, module, knowledge);
    if (owner !== undefined) throw foreign(`${name} ${version}`, module, owner);
  }
}

/** Refuses two distributions of one set that bring the same module. @throws Refusal suspicious, naming both */
export function refuseSharedModules(
  providers: readonly Pick<Provider, 'name' | 'version' | 'modules'>[],
  { owners, popular }: Pick<ModuleKnowledge, 'owners' | 'popular'>,
): void {
  const first = new Map<string, Pick<Provider, 'name'>>();
  for (const provider of providers) {
    for (const module of provider.modules) {
      const other = first.get(module);
      if (other === undefined) first.set(module, provider);
      // Well-known variants of one package, such as those of OpenCV, do bring the same.
      else if (!owners.isNobodys(module) && !(popular.has(other.name) && popular.has(provider.name))) {
        throw foreign(`${provider.name} ${provider.version}`, module, other.name);
      }
    }
  }
  for (const provider of providers) {
    for (const module of provider.modules) {
      const above = prefixesOf(module)
        .slice(0, -1)
        .flatMap((prefix) => first.get(prefix) ?? [])
        .find((other) => other.name !== provider.name);
      if (above !== undefined && !(popular.has(above.name) && popular.has(provider.name))) {
        throw foreign(`${provider.name} ${provider.version}`, module, above.name);
      }
    }
  }
}

/** Returns true for a distribution to which `module` belongs by its name, or as one of the well-known ones. */
export function isOwner(name: string, module: string, { ownersOf }: Pick<ModuleOwners, 'ownersOf'>): boolean {
  return prefixesOf(module).some((prefix) => asName(prefix) === name || ownersOf(prefix).includes(name));
}

function foreignOwner(name: string, module: string, knowledge: ModuleKnowledge): string | undefined {
  const { owners, popular, policy } = knowledge;
  const isKnown = popular.has(name);
  const listed = policyName(module);
  if (owners.isPythons(module)) return isKnown || isListed(policy, name) ? undefined : 'Python';
  if (isListed(policy, listed) && listed !== name && !owners.ownersOf(module).includes(name)) return listed;
  if (owners.isNobodys(module)) return undefined;
  return prefixesOf(module)
    .map((prefix) => ownerOf(name, prefix, knowledge) ?? namespaceOwner(name, { prefix, module }, knowledge))
    .find((owner) => owner !== undefined);
}

/** Returns the owner of a part of a module's path; undefined where it is `name`, or there is none. */
function ownerOf(name: string, module: string, knowledge: ModuleKnowledge): string | undefined {
  const { owners, popular, provided } = knowledge;
  if (owners.isShared(module)) return undefined;
  const own = asName(module);
  const known = owners.ownersOf(module);
  if (own === name || known.includes(name)) return undefined;
  const owner = known[0] ?? (popular.has(own) ? own : undefined);
  // What is well-known itself takes nothing away but from what every program has.
  const isFree = isTrusted(name, knowledge) && !provided.some((item) => item.name === owner);
  return isFree ? undefined : owner;
}

/** Returns an owner of a shared namespace that `name` does not add to but brings as a whole. */
function namespaceOwner(
  name: string,
  { prefix, module }: { readonly prefix: string; readonly module: string },
  knowledge: ModuleKnowledge,
): string | undefined {
  const { owners } = knowledge;
  if (prefix !== module || !owners.isShared(module) || isTrusted(name, knowledge)) return undefined;
  return asName(module) === name ? undefined : (owners.ownersOf(module)[0] ?? asName(module));
}

/** True for what is well-known, or named by the operator. */
const isTrusted = (name: string, { popular, policy }: ModuleKnowledge): boolean =>
  popular.has(name) || policy.only_allowed?.has(name) === true;

const isListed = ({ blocked, needs_approval }: Policy, name: string): boolean =>
  blocked.has(name) || needs_approval.has(name);

const foreign = (subject: string, module: string, owner: string): Refusal =>
  new Refusal(
    'suspicious',
    owner === 'Python'
      ? `${subject} brings the module ${module}, which is Python's own`
      : `${subject} brings the module ${module}, which belongs to ${owner}`,
  );

/** The distribution that a module belongs to by its name: `zope.interface` to `zope-interface`. */
const asName = (module: string): string => normaliseName('pypi', module);
