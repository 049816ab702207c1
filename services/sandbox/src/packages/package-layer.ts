import type { StoredLayer } from './store/layer-store.ts';
import { allows, type PackageSpec } from './spec.ts';

export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

/** A package of Python that every program has: of the base layer. */
export interface ProvidedPackage extends NamedVersion {
  /** The names by which programs import it. */
  readonly modules: readonly string[];
  /** Path of its METADATA, by which others are resolved against it. */
  readonly metadata: string;
}

/** Returns the packages of Python that every program has now; the base layer may come after the start. */
export type Provided = () => readonly ProvidedPackage[];

/** A read-only directory of packages, named after its content. */
export interface PackageLayer {
  /** Absolute. For PyPI it goes to `sys.path`; for npm it holds `node_modules/`. Undefined where programs have all of it anyway. */
  readonly directory: string | undefined;
  readonly packages: readonly NamedVersion[];
  /** Those that programs import by their names: for npm without what lies below another package. */
  readonly top: readonly NamedVersion[];
}

export const toPackageLayer = ({ directory, record }: StoredLayer): PackageLayer => ({
  directory,
  packages: record.packages.map(({ name, version }) => ({ name, version })),
  top: record.packages
    .filter(({ modules }) => record.ecosystem === 'pypi' || modules.length > 0)
    .map(({ name, version }) => ({ name, version })),
});

/** Returns the package among `provided`, those of Python that every program has, that satisfies `spec`. */
export function findProvided(provided: readonly ProvidedPackage[], spec: PackageSpec): NamedVersion | undefined {
  // What an extra needs is not there with the package itself.
  if (spec.ecosystem === 'npm' || spec.extras.length > 0) return undefined;
  const found = provided.find((item) => item.name === spec.name && allows(spec, item.version));
  return found && { name: found.name, version: found.version };
}
