import semver from 'semver';
import { z } from 'zod';
import { GATE_ORIGIN } from './gate.ts';
import type { Release } from '../index/project.ts';
import { isName } from '../spec.ts';

const Dependencies = z.record(z.string(), z.string()).catch({});

const Described = z.object({
  dependencies: Dependencies,
  optionalDependencies: Dependencies,
  peerDependencies: Dependencies,
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).catch({}),
  dist: z.object({ integrity: z.string().optional() }),
});

/**
 * Returns the description of a release for npm: its dependencies and nothing else, so that there are no scripts,
 * bundles or shrinkwraps to follow. Optional dependencies are left out: they are native builds for other machines, as a rule.
 * Undefined for a release that needs something which is not in the registry.
 */
export function gateManifest(name: string, { version, manifest }: Release): Record<string, unknown> | undefined {
  const parsed = Described.safeParse(manifest);
  if (!parsed.success) return undefined;
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, dist } = parsed.data;
  // npm lists what is optional among the others, too.
  const needed = Object.entries(dependencies).filter(([dependency]) => !(dependency in optionalDependencies));
  const all = [...needed, ...Object.entries(peerDependencies)];
  if (!all.every(([dependency, range]) => isName('npm', dependency) && isRegistryRange(range))) return undefined;
  return {
    name,
    version,
    dependencies: Object.fromEntries(needed),
    peerDependencies,
    peerDependenciesMeta,
    dist: {
      tarball: `${GATE_ORIGIN}/-/${encodeURIComponent(name)}/${encodeURIComponent(version)}.tgz`,
      ...(dist.integrity === undefined ? {} : { integrity: sha512Of(dist.integrity) }),
    },
  };
}

/** The one hash of several that is compared later. */
const sha512Of = (integrity: string): string =>
  integrity.split(/\s+/).find((hash) => hash.startsWith('sha512-')) ?? integrity;

/** A range or a tag of the registry, perhaps of another name (`npm:name@range`); no address, path or repository. */
function isRegistryRange(range: string): boolean {
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(range);
  if (alias !== null) return isName('npm', alias[1] ?? '') && isRegistryRange(alias[2] ?? '*');
  return semver.validRange(range) !== null || /^[A-Za-z][A-Za-z0-9._-]*$/.test(range);
}
