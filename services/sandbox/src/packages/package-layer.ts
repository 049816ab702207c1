import type { StoredLayer } from './store/layer-store.ts';
import { type PackageSpec, sameVersion } from './spec.ts';

export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

/** A read-only directory of packages, named after its content. */
export interface PackageLayer {
  /** Absolute. For PyPI it goes to `sys.path`; for npm it holds `node_modules/`. Undefined where programs have all of it anyway. */
  readonly directory: string | undefined;
  readonly packages: readonly NamedVersion[];
}

export const toPackageLayer = ({ directory, record }: StoredLayer): PackageLayer => ({
  directory,
  packages: record.packages.map(({ name, version }) => ({ name, version })),
});

/** Returns the package among `provided`, those of Python that every program has, that satisfies `spec`. */
export function findProvided(
  provided: readonly NamedVersion[],
  { ecosystem, name, version }: PackageSpec,
): NamedVersion | undefined {
  if (ecosystem === 'npm') return undefined;
  return provided.find(
    (item) => item.name === name && (version === undefined || sameVersion(ecosystem, item.version, version)),
  );
}
