import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { findProvided, type PackageLayer, type Provided, toPackageLayer } from '../package-layer.ts';
import { prefixesOf } from '../names/prefixes-of.ts';
import type { NameChecks } from '../policy/name-checks.ts';
import { distributionFor } from '../names/import-names.ts';
import { moduleOwners } from '../names/module-owners.ts';
import { Refusal } from '../refusal.ts';
import { type PackageSpec, parseSpec } from '../spec.ts';
import { findModule, importsOf, type InstalledModules } from '../store/installed-modules.ts';
import type { StoredLayer } from '../store/layer-store.ts';
import type { InstallJobs } from './install-jobs.ts';
import { refusedInstall } from './refused-install.ts';

/**
 * Returns what programs of an ecosystem can import from installed layers, by the name in the import: first what their
 * own session has installed, then what anybody has.
 */
export type FindModules = (ecosystem: Ecosystem, session: string | undefined) => Promise<readonly InstalledModules[]>;

/** A program that does not name its packages. */
export interface UnnamedImports {
  readonly code: string;
  readonly session: string | undefined;
  /** Paths of files that the program is given: it may import those. */
  readonly files?: readonly string[];
}

export interface LayersOptions {
  readonly jobs: Pick<InstallJobs, 'install'>;
  readonly meantBy: NameChecks['meantBy'];
  /** Returns a layer if it is as it was built. */
  readonly openLayer: (layer: StoredLayer) => Promise<StoredLayer | undefined>;
  readonly findModules: FindModules;
  /** Packages of Python that every program has. */
  readonly provided: Provided;
  /** True to install well-known packages that a program imports and nobody has installed. */
  readonly installsMissing: boolean;
}

/** Finds the layer of a program's packages, and builds it where it is missing. */
export function createLayers(options: LayersOptions) {
  const { jobs, meantBy, openLayer, findModules, provided, installsMissing } = options;
  const layerFor = async (
    ecosystem: Ecosystem,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<PackageLayer> => {
    try {
      const specs = texts.map((text, position) => parsedAt(position, () => meantBy(parseSpec(ecosystem, text))));
      refuseContradictions(specs);
      const given = specs.map((spec) => findProvided(provided(), spec));
      const others = specs.filter((_, at) => given[at] === undefined);
      const named = given.filter((item) => item !== undefined);
      if (others.length === 0) return { directory: undefined, packages: named, top: [] };
      const { directory, packages, top } = toPackageLayer((await jobs.install(ecosystem, others, { signal })).layer);
      const own = new Set(packages.map(({ name }) => name));
      return { directory, packages: [...named.filter(({ name }) => !own.has(name)), ...packages], top };
    } catch (error) {
      throw argumentError(refusedInstall(error).refusal);
    }
  };

  const layerForImports = async (
    ecosystem: Ecosystem,
    { code, session, files = [] }: UnnamedImports,
    signal: AbortSignal,
  ): Promise<PackageLayer | undefined> => {
    const has = ecosystem === 'pypi' ? providedModules(provided()) : () => false;
    const imported = importsOf(ecosystem, code).filter((name) => !has(name));
    if (imported.length === 0) return undefined;
    const installed = await findModules(ecosystem, session);
    const find = (name: string) => installed.map((modules) => findModule(modules, name)).find((found) => found);
    const wanted = new Set(imported.flatMap((name) => find(name) ?? []));
    const missing = installsMissing
      ? missingPackages(
          ecosystem,
          imported.filter((name) => !find(name)),
          files,
        )
      : [];
    const named = [...wanted].map(({ name, version }) => `${name}==${version}`);
    if (missing.length > 0) return layerForMissing({ ecosystem, named, missing, layerFor }, signal);
    const [first, ...others] = wanted;
    if (first === undefined) return undefined;
    const common = first.layers.find((layer) => others.every(({ layers }) => layers.includes(layer)));
    const opened = common && (await openLayer(common));
    if (opened !== undefined) return toPackageLayer(opened);
    return layerFor(ecosystem, [...new Set(named)], signal);
  };

  return { layerFor, layerForImports };
}

/** Installs what is missing, if it may be; else the program says what it misses. */
async function layerForMissing(
  { ecosystem, named, missing, layerFor }: Missing,
  signal: AbortSignal,
): Promise<PackageLayer | undefined> {
  try {
    return await layerFor(ecosystem, [...new Set([...named, ...missing])], signal);
  } catch (error) {
    if (!(error instanceof MeshError) || error.code === 'unavailable') throw error;
    return named.length === 0 ? undefined : layerFor(ecosystem, [...new Set(named)], signal);
  }
}

interface Missing {
  readonly layerFor: (ecosystem: Ecosystem, specs: readonly string[], signal: AbortSignal) => Promise<PackageLayer>;
  readonly ecosystem: Ecosystem;
  readonly named: readonly string[];
  readonly missing: readonly string[];
}

const MAX_MISSING = 20;

/** Returns the well-known packages of import names that are not the program's own files. */
function missingPackages(ecosystem: Ecosystem, imported: readonly string[], files: readonly string[]) {
  const own = new Set(files.map((path) => path.split('/')[0]?.replace(/\.\w+$/, '')));
  const foreign = imported.filter((name) => !own.has(name.split('.')[0]));
  return [...new Set(foreign.flatMap((name) => distributionFor(ecosystem, name) ?? []))].slice(0, MAX_MISSING);
}

/** Returns a test for names that Python or the base layer has: those are never taken from an installed layer. */
function providedModules(provided: ReturnType<Provided>): (imported: string) => boolean {
  const modules = new Set(provided.flatMap((item) => item.modules));
  const { isPythons } = moduleOwners();
  return (imported) => prefixesOf(imported).some((name) => modules.has(name) || isPythons(name));
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
    const other = specs.find(
      ({ name, version, range }) => name === spec.name && (version !== spec.version || range !== spec.range),
    );
    if (other === undefined) continue;
    throw new Refusal('invalid_version', `${spec.name} is requested in two versions`).at(position);
  }
}

/** Returns the error of a call whose packages are refused. */
export function argumentError(refusal: Refusal): MeshError {
  const { code, ...rest } = refusal.reason;
  const path = refusal.position === undefined ? 'packages' : `packages.${refusal.position}`;
  const details = [{ path, ...rest, code, status: refusal.status }];
  const meshCode = code === 'index_unreachable' ? 'upstream_failed' : 'invalid_arguments';
  return new MeshError(meshCode, `${path}: ${rest.message}`, { details, cause: refusal });
}
