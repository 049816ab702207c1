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
  if (all.length > MAX_NEEDS) return undefined;
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

/** More than any honest package has. */
const MAX_NEEDS = 2_000;
const MAX_RANGE = 1_024;
const ALIAS = 'npm:';

/** A range or a tag of the registry, perhaps of another name (`npm:name@range`); no address, path or repository. */
function isRegistryRange(range: string): boolean {
  if (range.length > MAX_RANGE) return false;
  if (!range.startsWith(ALIAS)) return isPlainRange(range);
  const target = range.slice(ALIAS.length);
  const at = target.indexOf('@', 1);
  return at < 0 ? isName('npm', target) : isName('npm', target.slice(0, at)) && isPlainRange(target.slice(at + 1));
}

const isPlainRange = (range: string): boolean => semver.validRange(range) !== null || /^[A-Za-z][\w.-]*$/.test(range);
