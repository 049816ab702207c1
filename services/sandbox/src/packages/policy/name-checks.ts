import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { type Placed, refuseForeignFolder } from '../names/check-folders.ts';
import {
  type ModuleKnowledge,
  type Provider,
  refuseForeignModules,
  refuseSharedModules,
} from '../names/check-modules.ts';
import { meantDistribution } from '../names/import-names.ts';
import { moduleOwners } from '../names/module-owners.ts';
import { type PackageSpec, policyName } from '../spec.ts';
import type { Policy } from './policy.ts';
import type { PopularNames } from './popular-names.ts';
import type { Provided } from '../package-layer.ts';

/** Checks of the names by which programs would import a package. */
export interface NameChecks {
  /**
   * Returns the request for the package that is meant by a name which is that of a module: `pyyaml` for `yaml`. Returns
   * the same request for all others, and for names that the policy lists.
   */
  meantBy(spec: PackageSpec): PackageSpec;
  /** @throws Refusal suspicious for a wheel that brings modules of others */
  refuseForeignModules(provider: Provider): void;
  /** @throws Refusal suspicious for two packages of one set that bring the same module */
  refuseSharedModules(ecosystem: Ecosystem, providers: readonly Provider[]): void;
  /** @throws Refusal suspicious for a package of npm whose folder has the name of another one */
  refuseForeignFolder(placed: Placed): void;
}

/** Everything that names are compared with. */
export interface NameKnowledge {
  readonly policy: Policy;
  readonly popular: (ecosystem: Ecosystem) => PopularNames;
  /** Packages of Python that every program has. */
  readonly provided: Provided;
}

export function createNameChecks({ policy, popular, provided }: NameKnowledge): NameChecks {
  const modules = (): ModuleKnowledge => ({
    owners: moduleOwners(),
    popular: popular('pypi'),
    policy,
    provided: provided(),
  });
  const isListed = (name: string): boolean =>
    policy.blocked.has(name) || policy.needs_approval.has(name) || policy.only_allowed?.has(name) === true;
  return {
    meantBy(spec) {
      const meant = isListed(policyName(spec.name)) ? undefined : meantDistribution(spec.ecosystem, spec.name);
      return meant === undefined ? spec : { ...spec, name: meant };
    },
    refuseForeignModules: (provider) => refuseForeignModules(provider, modules()),
    refuseSharedModules(ecosystem, providers) {
      if (ecosystem === 'pypi') refuseSharedModules(providers, modules());
    },
    refuseForeignFolder: (placed) => refuseForeignFolder(placed, { popular: popular('npm'), policy }),
  };
}
