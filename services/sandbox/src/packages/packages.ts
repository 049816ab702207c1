import { existsSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type {
  Ecosystem,
  InstalledPackage,
  InstallResult,
  PackageRequest,
  Verdict,
} from '@toolmesh/shared/contracts/packages';
import { type Approval, createApprovals, type Decision } from './policy/approvals.ts';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './archive/archive.ts';
import { createNotes } from './resolve/attempt.ts';
import { cachedIndex } from './index/cached-index.ts';
import { createChecks } from './policy/checks.ts';
import { createFetcher, type FetcherOptions } from './index/fetcher.ts';
import { createInstallSet, type InstalledSet } from './install/install-set.ts';
import { importsOf, type InstalledModule, installedModules } from './store/installed-modules.ts';
import { createLayerStore, removeLeftovers, type StoredLayer } from './store/layer-store.ts';
import { loadMaliciousIndex } from './policy/malicious.ts';
import { createNpmIndex } from './index/npm-index.ts';
import { createNpmResolver } from './resolve/npm-resolver.ts';
import { createFindPip } from './resolve/pip.ts';
import { loadPolicy } from './policy/policy.ts';
import { loadPopularNames } from './policy/popular-names.ts';
import { createPypiIndex } from './index/pypi-index.ts';
import { createPypiResolver, type PythonTarget } from './resolve/pypi-resolver.ts';
import { RESOLVER_LIMITS, type ResolverLimits } from './resolve/resolver.ts';
import { createSharedTasks } from './install/shared-tasks.ts';
import { formatSpec, type PackageSpec, parseRequest, parseSpec, sameVersion } from './spec.ts';
import { Refusal, shown } from './refusal.ts';

export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

/** A read-only directory with packages in it, named after what they are. */
export interface PackageLayer {
  /** Absolute. For PyPI it goes to `sys.path`; for npm it holds `node_modules/`. None where programs have all of it anyway. */
  readonly directory: string | undefined;
  readonly packages: readonly NamedVersion[];
}

/** Packages for the programs of the sandbox: checked, installed without running any of their code, kept read-only. */
export interface Packages {
  /** What the checks say of a package, without installing it. Never rejects for what the package or the index does. */
  check(request: PackageRequest, signal: AbortSignal): Promise<Verdict>;
  /**
   * Installs a package and all that it needs. Never rejects for what the package or the index does: see `status`.
   * @throws MeshError unavailable when too many installs wait
   */
  install(request: PackageRequest, signal: AbortSignal): Promise<InstallResult>;
  /** Every package of every layer, once per version. */
  list(): Promise<InstalledPackage[]>;
  /**
   * The layer that has all of `specs`, each `name` or `name==version` (npm: `name@version`, too); it is built where it
   * is missing. The same request again costs no network.
   * @throws MeshError invalid_arguments with the spec and the reason in its details, upstream_failed when the index
   * cannot be reached, unavailable when too many installs wait
   */
  layerFor(ecosystem: Ecosystem, specs: readonly string[], signal: AbortSignal): Promise<PackageLayer>;
  /**
   * The layer for a program that does not name its packages and imports some that are installed.
   * @throws as {@link layerFor}, where no layer has all of them together yet
   */
  layerForImports(ecosystem: Ecosystem, code: string, signal: AbortSignal): Promise<PackageLayer | undefined>;
  readonly approvals: {
    list(): readonly Approval[];
    /** @throws MeshError not_found */
    decide(id: string, decision: Decision): Promise<Approval>;
  };
  close(): Promise<void>;
}

export interface PackagesOptions extends FetcherOptions {
  /** Where layers and decisions are kept; made when it is missing. */
  readonly directory: string;
  /** Default: the shipped policy. */
  readonly policyFile?: string | undefined;
  /** What pip runs with; for a `native` target also what imports the packages. Default: /usr/bin/python3. */
  readonly python?: string | undefined;
  readonly pythonTarget: PythonTarget;
  /** Packages of Python that every program has without asking. */
  readonly provided?: readonly NamedVersion[];
  /** npm's script. Default: that of the npm on this machine. */
  readonly npm?: string | undefined;
  /** Such as `https://pypi.org/simple`. */
  readonly pipIndexUrl: string;
  /** Such as `https://registry.npmjs.org`. */
  readonly npmRegistry: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Hears of every install, for metrics. */
  readonly onInstall?: (status: InstallResult['status'], ecosystem: Ecosystem) => void;
  readonly now?: () => Date;
  readonly archiveLimits?: Partial<ArchiveLimits>;
  readonly resolverLimits?: Partial<ResolverLimits>;
  /** Of all layers together. Default: 4 GiB. */
  readonly maxStoreBytes?: number;
  readonly maxParallel?: number;
  readonly maxWaiting?: number;
}

export async function createPackages(options: PackagesOptions): Promise<Packages> {
  const { directory, policyFile, python = '/usr/bin/python3', npm = findNpm(), pipIndexUrl, npmRegistry } = options;
  const {
    logger,
    onInstall = () => {},
    now = () => new Date(),
    maxStoreBytes = 4 * 1_024 ** 3,
    provided = [],
  } = options;
  const archives = { ...ARCHIVE_LIMITS, ...options.archiveLimits };
  const limits = { ...RESOLVER_LIMITS, ...options.resolverLimits };
  const workDirectory = join(directory, 'work');
  await mkdir(workDirectory, { recursive: true });
  await removeLeftovers(workDirectory);

  const [policy, malicious, approvals, pypi, npmPopular] = await Promise.all([
    loadPolicy(policyFile),
    loadMaliciousIndex(join(directory, 'malicious-packages.json')),
    createApprovals(join(directory, 'approvals.json'), now),
    loadPopularNames('pypi'),
    loadPopularNames('npm'),
  ]);
  const popular = { pypi, npm: npmPopular };
  const fetcher = createFetcher(options);
  const index = {
    pypi: cachedIndex(createPypiIndex(fetcher, pipIndexUrl)),
    npm: cachedIndex(createNpmIndex(fetcher, npmRegistry, popular.npm.has)),
  };
  const checks = createChecks({ policy, malicious, approvals, popular, index, now });
  const store = createLayerStore({ directory, workDirectory, limits: archives, maxBytes: maxStoreBytes, now });
  const findPip = createFindPip({ python, directory, index: index.pypi, fetcher });
  const resolvers = {
    pypi: createPypiResolver({ checks, fetcher, python, findPip, target: options.pythonTarget, archives, limits }),
    npm: createNpmResolver({ checks, fetcher, npm, archives, limits }),
  };
  const installSet = createInstallSet({ checks, approvals, store, resolvers, limits, workDirectory });
  const tasks = createSharedTasks<InstalledSet & { readonly output: string }>({
    parallel: options.maxParallel ?? 2,
    waiting: options.maxWaiting ?? 16,
  });
  logger.info({ malicious: malicious.updated, pypi: pypi.size, npm: npmPopular.size }, 'package checks loaded');

  const installTogether = (ecosystem: Ecosystem, specs: readonly PackageSpec[], signal: AbortSignal) => {
    const key = JSON.stringify([ecosystem, specs.map(formatSpec).sort()]);
    return tasks.run(key, signal, async (shared) => {
      const notes = createNotes();
      try {
        const { layer, isOld } = await installSet(ecosystem, specs, { signal: shared, note: notes.note });
        return { layer, isOld, output: notes.text() };
      } catch (error) {
        if (error instanceof Refusal) throw new RefusedInstall(error, notes.text());
        throw error;
      }
    });
  };

  /** Read again after each install. */
  let modules: Promise<Record<Ecosystem, ReadonlyMap<string, InstalledModule>>> | undefined;
  const readModules = async () => {
    const layers = await store.all();
    const of = (ecosystem: Ecosystem) =>
      installedModules(layers.filter(({ record }) => record.ecosystem === ecosystem));
    return { pypi: await of('pypi'), npm: await of('npm') };
  };

  const providedFor = (ecosystem: Ecosystem, { name, version }: PackageSpec): NamedVersion | undefined =>
    ecosystem === 'npm'
      ? undefined
      : provided.find(
          (item) => item.name === name && (version === undefined || sameVersion(ecosystem, item.version, version)),
        );

  const layerFor = async (ecosystem: Ecosystem, texts: readonly string[], signal: AbortSignal) => {
    try {
      const specs = texts.map((text, position) => parsedAt(position, () => parseSpec(ecosystem, text)));
      refuseContradictions(specs);
      const given = specs.map((spec) => providedFor(ecosystem, spec));
      if (given.every((item) => item !== undefined)) return { directory: undefined, packages: given };
      const { layer, isOld } = await installTogether(ecosystem, specs, signal);
      if (!isOld) modules = undefined;
      return toPackageLayer(layer);
    } catch (error) {
      throw argumentError(refusedInstall(error).refusal);
    }
  };

  const install = async (request: PackageRequest, signal: AbortSignal): Promise<InstallResult> => {
    const started = performance.now();
    const end = () => ({ duration_ms: Math.round((performance.now() - started) * 1_000) / 1_000 });
    const asked = { name: shown(request.name), version: request.version === undefined ? null : shown(request.version) };
    try {
      const spec = parseRequest(request);
      const given = providedFor(request.ecosystem, spec);
      if (given !== undefined) {
        return { status: 'already_installed', ...given, output: 'Every program has it', dependencies: [], ...end() };
      }
      const { layer, isOld, output } = await installTogether(request.ecosystem, [spec], signal);
      if (!isOld) modules = undefined;
      const { packages } = layer.record;
      // npm has the package itself first, and perhaps others of its name that belong to a dependency.
      const own = packages.find(({ name }) => name === spec.name);
      const dependencies = packages.filter((item) => item !== own).map(({ name, version }) => ({ name, version }));
      const version = own?.version ?? spec.version ?? null;
      return {
        status: isOld ? 'already_installed' : 'installed',
        name: spec.name,
        version,
        output,
        dependencies,
        ...end(),
      };
    } catch (error) {
      const { refusal, output } = refusedInstall(error);
      const { status, reason } = refusal;
      const lines = [output, reason.message].filter((line) => line !== '').join('\n');
      return { status, ...asked, reason, output: lines, dependencies: [], ...end() };
    }
  };

  return {
    async check(request, signal) {
      const asked = {
        name: shown(request.name),
        version: request.version === undefined ? null : shown(request.version),
      };
      const { ecosystem } = request;
      try {
        const spec = parseRequest(request);
        checks.checkLocally(spec);
        const why = checks.approvalReasonOf(spec);
        // A check asks nobody: the approval is requested by the first install.
        if (why !== undefined) throw new Refusal('suspicious', why, { status: 'approval_required' });
        const { version, approvalReason } = await checks.examine(spec, signal);
        if (approvalReason !== undefined)
          throw new Refusal('suspicious', approvalReason, { status: 'approval_required' });
        return { status: 'allowed', name: spec.name, version, ecosystem };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return { status: error.status, ...asked, ecosystem, reason: error.reason };
      }
    },
    async install(request, signal) {
      const result = await install(request, signal);
      onInstall(result.status, request.ecosystem);
      const { status, reason, duration_ms: durationMs } = result;
      // What is no name of a package may be anything.
      const name = reason?.code === 'invalid_name' ? undefined : result.name;
      logger.info({ name, ecosystem: request.ecosystem, status, code: reason?.code, durationMs }, 'package install');
      return result;
    },
    async list() {
      const records = await store.list();
      const all = records
        .toSorted((a, b) => (a.installed_at < b.installed_at ? -1 : 1))
        .flatMap(({ ecosystem, installed_at, packages }) =>
          packages.map(({ name, version, size_bytes }) => ({ name, version, ecosystem, size_bytes, installed_at })),
        );
      return [...Map.groupBy(all, (item) => `${item.ecosystem} ${item.name} ${item.version}`).values()].flatMap(
        ([first]) => first ?? [],
      );
    },
    layerFor,
    async layerForImports(ecosystem, code, signal) {
      modules ??= readModules();
      const installed = (await modules)[ecosystem];
      if (installed.size === 0) return undefined;
      const wanted = new Set(importsOf(ecosystem, code).flatMap((name) => installed.get(name) ?? []));
      const [first, ...others] = wanted;
      if (first === undefined) return undefined;
      const common = first.layers.find((layer) => others.every(({ layers }) => layers.includes(layer)));
      if (common !== undefined) return toPackageLayer(common);
      const specs = [...wanted].map(({ name, version }) => `${name}==${version}`);
      return layerFor(ecosystem, specs, signal);
    },
    approvals: { list: approvals.list, decide: approvals.decide },
    close: () => fetcher.close(),
  };
}

const toPackageLayer = ({ directory, record }: StoredLayer): PackageLayer => ({
  directory,
  packages: record.packages.map(({ name, version }) => ({ name, version })),
});

/** A refusal together with what was seen on the way to it. */
class RefusedInstall extends Error {
  override readonly name = 'RefusedInstall';
  readonly refusal: Refusal;
  readonly output: string;

  constructor(refusal: Refusal, output: string) {
    super(refusal.message, { cause: refusal });
    this.refusal = refusal;
    this.output = output;
  }
}

/** @throws what it was given, when that is no refusal */
function refusedInstall(error: unknown): { readonly refusal: Refusal; readonly output: string } {
  if (error instanceof RefusedInstall) return error;
  if (error instanceof Refusal) return { refusal: error, output: '' };
  throw error;
}

function parsedAt<T>(position: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof Refusal ? error.at(position) : error;
  }
}

/** Two versions of one package cannot be had at once, and the last one should not win silently. */
function refuseContradictions(specs: readonly PackageSpec[]): void {
  if (specs.length === 0) throw new Refusal('invalid_name', 'No package is named');
  for (const [position, spec] of specs.entries()) {
    const other = specs.find(({ name, version }) => name === spec.name && version !== spec.version);
    if (other === undefined) continue;
    throw new Refusal('invalid_version', `${spec.name} is asked for in two versions`).at(position);
  }
}

function argumentError(refusal: Refusal): MeshError {
  const { code, ...rest } = refusal.reason;
  const path = refusal.position === undefined ? 'packages' : `packages.${refusal.position}`;
  const details = [{ path, ...rest, code, status: refusal.status }];
  const meshCode = code === 'index_unreachable' ? 'upstream_failed' : 'invalid_arguments';
  return new MeshError(meshCode, `${path}: ${rest.message}`, { details, cause: refusal });
}

/** Beside this Node, else where the system has it. */
function findNpm(): string {
  const candidates = [dirname(process.execPath), '/usr/local/bin', '/usr/bin'].map((folder) => join(folder, 'npm'));
  const found = candidates.find((path) => existsSync(path));
  return found === undefined ? '/usr/bin/npm' : realpathSync(found);
}
