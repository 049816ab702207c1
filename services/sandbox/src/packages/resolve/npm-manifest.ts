import semver from 'semver';
import { z } from 'zod';
import { GATE_ORIGIN } from './gate.ts';
import type { Release } from '../index/project.ts';
import { namesOtherMachine, type NpmTarget, type Platform } from './npm-target.ts';
import { isName } from '../spec.ts';

const Dependencies = z.record(z.string(), z.string()).catch({});

const Platforms = z.array(z.string()).optional().catch(undefined);

const Described = z.object({
  dependencies: Dependencies,
  optionalDependencies: Dependencies,
  peerDependencies: Dependencies,
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).catch({}),
  os: Platforms,
  cpu: Platforms,
  libc: Platforms,
  dist: z.object({ integrity: z.string().optional() }),
});

/** The description of a release as npm gets it. */
export interface GateManifest extends Platform {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean | undefined }>>;
  readonly dist: { readonly tarball: string; readonly integrity?: string };
}

/**
 * Returns the description of a release for npm: its dependencies and nothing else, so that there are no scripts,
 * bundles or shrinkwraps to follow. Optional dependencies are builds for machines, as a rule: those for others are left out,
 * and all of them where there is no native code. Undefined for a release that needs something which is not in the registry.
 */
export function gateManifest(
  name: string,
  { version, manifest }: Release,
  target: NpmTarget,
): GateManifest | undefined {
  const parsed = Described.safeParse(manifest);
  if (!parsed.success) return undefined;
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, dist } = parsed.data;
  // npm lists what is optional among the others, too.
  const needed = Object.entries(dependencies).filter(([dependency]) => !(dependency in optionalDependencies));
  const builds = Object.entries(optionalDependencies).filter(
    ([dependency, range]) =>
      target.isNative && isName('npm', dependency) && isRegistryRange(range) && !namesOtherMachine(dependency, target),
  );
  const all = [...needed, ...builds, ...Object.entries(peerDependencies)];
  if (all.length > MAX_NEEDS) return undefined;
  if (!all.every(([dependency, range]) => isName('npm', dependency) && isRegistryRange(range))) return undefined;
  return {
    name,
    version,
    dependencies: Object.fromEntries(needed),
    optionalDependencies: Object.fromEntries(builds),
    ...platform(parsed.data),
    peerDependencies,
    peerDependenciesMeta,
    dist: {
      tarball: `${GATE_ORIGIN}/-/${encodeURIComponent(name)}/${encodeURIComponent(version)}.tgz`,
      ...(dist.integrity === undefined ? {} : { integrity: sha512Of(dist.integrity) }),
    },
  };
}

/** Returns the machines that a release is for. */
export function platformOf({ manifest }: Release): Platform {
  const parsed = Described.safeParse(manifest);
  return parsed.success ? platform(parsed.data) : {};
}

const platform = ({ os, cpu, libc }: Platform): Platform => ({
  ...(os === undefined ? {} : { os }),
  ...(cpu === undefined ? {} : { cpu }),
  ...(libc === undefined ? {} : { libc }),
});

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
