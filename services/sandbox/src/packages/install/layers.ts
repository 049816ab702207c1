import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { findProvided, type NamedVersion, type PackageLayer, toPackageLayer } from '../package-layer.ts';
import { Refusal } from '../refusal.ts';
import { type PackageSpec, parseSpec } from '../spec.ts';
import { findModule, importsOf, type InstalledModules } from '../store/installed-modules.ts';
import { type InstallTogether, refusedInstall } from './install-together.ts';

/**
 * Returns what programs of an ecosystem can import from installed layers, by the name in the import: first what their
 * own session has installed, then what anybody has.
 */
export type FindModules = (ecosystem: Ecosystem, session: string | undefined) => Promise<readonly InstalledModules[]>;

/** A program that does not name its packages. */
export interface UnnamedImports {
  readonly code: string;
  readonly session: string | undefined;
}

export interface LayersOptions {
  readonly installTogether: InstallTogether;
  readonly findModules: FindModules;
  /** Packages of Python that every program has. */
  readonly provided: readonly NamedVersion[];
}

/** Finds the layer of a program's packages, and builds it where it is missing. */
export function createLayers({ installTogether, findModules, provided }: LayersOptions) {
  const layerFor = async (
    ecosystem: Ecosystem,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<PackageLayer> => {
    try {
      const specs = texts.map((text, position) => parsedAt(position, () => parseSpec(ecosystem, text)));
      refuseContradictions(specs);
      const given = specs.map((spec) => findProvided(provided, spec));
      if (given.every((item) => item !== undefined)) return { directory: undefined, packages: given };
      return toPackageLayer((await installTogether(ecosystem, specs, signal)).layer);
    } catch (error) {
      throw argumentError(refusedInstall(error).refusal);
    }
  };

  const layerForImports = async (
    ecosystem: Ecosystem,
    { code, session }: UnnamedImports,
    signal: AbortSignal,
  ): Promise<PackageLayer | undefined> => {
    const imported = importsOf(ecosystem, code);
    if (imported.length === 0) return undefined;
    const installed = await findModules(ecosystem, session);
    const find = (name: string) => installed.map((modules) => findModule(modules, name)).find((found) => found);
    const wanted = new Set(imported.flatMap((name) => find(name) ?? []));
    const [first, ...others] = wanted;
    if (first === undefined) return undefined;
    const common = first.layers.find((layer) => others.every(({ layers }) => layers.includes(layer)));
    if (common !== undefined) return toPackageLayer(common);
    const specs = new Set([...wanted].map(({ name, version }) => `${name}==${version}`));
    return layerFor(ecosystem, [...specs], signal);
  };

  return { layerFor, layerForImports };
}

function parsedAt<T>(position: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof Refusal ? error.at(position) : error;
  }
}

/** Refuses two versions of one package: the last one should not win silently. */
function refuseContradictions(specs: readonly PackageSpec[]): void {
  if (specs.length === 0) throw new Refusal('invalid_name', 'No package is named');
  for (const [position, spec] of specs.entries()) {
    const other = specs.find(({ name, version }) => name === spec.name && version !== spec.version);
    if (other === undefined) continue;
    throw new Refusal('invalid_version', `${spec.name} is requested in two versions`).at(position);
  }
}

function argumentError(refusal: Refusal): MeshError {
  const { code, ...rest } = refusal.reason;
  const path = refusal.position === undefined ? 'packages' : `packages.${refusal.position}`;
  const details = [{ path, ...rest, code, status: refusal.status }];
  const meshCode = code === 'index_unreachable' ? 'upstream_failed' : 'invalid_arguments';
  return new MeshError(meshCode, `${path}: ${rest.message}`, { details, cause: refusal });
}
