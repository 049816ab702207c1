import { existsSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type {
  Ecosystem,
  InstalledPackage,
  InstallJob,
  InstallRequest,
  InstallResult,
  PackageRequest,
  Verdict,
} from '@toolmesh/shared/contracts/packages';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './archive/archive.ts';
import { cachedIndex } from './index/cached-index.ts';
import { createFetcher, type Fetcher, type FetcherOptions } from './index/fetcher.ts';
import { createNpmIndex } from './index/npm-index.ts';
import { DAY_MS, type PackageIndex } from './index/project.ts';
import { createPypiIndex } from './index/pypi-index.ts';
import { createInstallPackage } from './install/install-package.ts';
import { createInstallSet } from './install/install-set.ts';
import { createInstallJobs, type InstallCaller, type InstallJobs } from './install/install-jobs.ts';
import { argumentError, createLayers, type UnnamedImports } from './install/layers.ts';
import type { PackageLayer, Provided } from './package-layer.ts';
import { type Approval, createApprovals, type Decision } from './policy/approvals.ts';
import { checkPackage } from './policy/check-package.ts';
import { type Checks, createChecks, type Knowledge } from './policy/checks.ts';
import { loadMalicious, type MaliciousKnowledge, type MaliciousStatus } from './policy/malicious.ts';
import { fetchMaliciousList, scheduleMaliciousRefresh } from './policy/malicious-refresh.ts';
import { loadPolicy, type Policy } from './policy/policy.ts';
import { popularNames } from './policy/popular-names.ts';
import { createNpmResolver } from './resolve/npm-resolver.ts';
import { createFindPip } from './resolve/pip.ts';
import { createCompileTree } from './resolve/compile-tree.ts';
import { npmTargetHere, type NpmTarget } from './resolve/npm-target.ts';
import { createPypiResolver } from './resolve/pypi-resolver.ts';
import type { PythonTarget } from './resolve/python-target.ts';
import { createRunTool } from './resolve/run-tool.ts';
import { RESOLVER_LIMITS, type ResolverLimits } from './resolve/resolver.ts';
import { createModuleLookup, type ModuleLookup } from './install/module-lookup.ts';
import type { Eviction } from './store/choose-evictions.ts';
import { createLayerStore, type LayerStore } from './store/layer-store.ts';
import { createLayerUse, type LayerUse } from './store/layer-use.ts';
import { listPackages } from './store/list-packages.ts';
import { createPackageStore } from './store/package-store.ts';
import { removeLeftovers, removeTree } from './store/sealed-tree.ts';
import { Refusal } from './refusal.ts';
import { parseRequest, policyName } from './spec.ts';

/** The way in which a caller waits for an install. */
export type Waiting = Omit<InstallCaller, 'signal'>;

/** Packages for the programs of the sandbox: checked, installed without running any of their code, kept read-only. */
export interface Packages {
  /** Returns the verdict of the checks, without installing. Never rejects for what the package or the index does. */
  check(request: PackageRequest, signal: AbortSignal): Promise<Verdict>;
  /**
   * Installs a package and all that it needs. Never rejects for what the package or the index does: see `status`.
   * @throws MeshError unavailable when too many installs wait, and when it takes longer than the caller waits
   */
  install(request: InstallRequest, signal: AbortSignal, waiting?: Waiting): Promise<InstallResult>;
  readonly jobs: {
    /** Begins an install. @throws MeshError unavailable when too many wait, invalid_arguments for what is no name */
    start(request: InstallRequest): InstallJob;
    /** @throws MeshError not_found */
    find(id: string): InstallJob;
  };
  /** Lists every package of every layer, once per version. */
  list(): Promise<InstalledPackage[]>;
  /**
   * Returns the layer that has all of `specs`, each `name` or `name==version` (npm: `name@version`, too), and builds
   * it where it is missing. The same request again costs no network.
   * @throws MeshError invalid_arguments with the spec and the reason in its details, upstream_failed when the index
   * cannot be reached, unavailable when too many installs wait
   */
  layerFor(ecosystem: Ecosystem, specs: readonly string[], signal: AbortSignal): Promise<PackageLayer>;
  /**
   * Returns the layer for a program that does not name its packages and imports some that its session has installed, or
   * that are installed and have the names of their packages.
   * @throws as {@link layerFor}, where no layer has all of them together yet
   */
  layerForImports(
    ecosystem: Ecosystem,
    program: UnnamedImports,
    signal: AbortSignal,
  ): Promise<PackageLayer | undefined>;
  readonly approvals: {
    list(): readonly Approval[];
    /** @throws MeshError not_found */
    decide(id: string, decision: Decision): Promise<Approval>;
  };
  /** Keeps a layer, by its directory, for a program that imports from it. Returns how to end that. */
  hold(directory: string): () => void;
  /** Removes layers that were not used for long, or for which there is no room; done by itself every hour. */
  evict(): Promise<void>;
  /** Returns the number of layers and their size. */
  usage(): Promise<{ readonly layers: number; readonly bytes: number }>;
  /** The list of malicious packages that is in use. */
  malicious(): MaliciousStatus;
  close(): Promise<void>;
}

export interface PackagesOptions extends FetcherOptions {
  /** Directory of layers and decisions; made when it is missing. */
  readonly directory: string;
  /** Default: the shipped policy. */
  readonly policyFile?: string | undefined;
  /** The interpreter that runs pip; for a `native` target also the one that imports the packages. Default: /usr/bin/python3. */
  readonly python?: string | undefined;
  readonly pythonTarget: PythonTarget;
  /** Packages of Python that every program has. */
  readonly provided?: Provided;
  /** Path of bubblewrap, which jails pip and npm. Default: /usr/bin/bwrap. */
  readonly bwrap?: string | undefined;
  /** npm's script. Default: that of the npm on this machine. */
  readonly npm?: string | undefined;
  /** Such as `https://pypi.org/simple`. */
  readonly pipIndexUrl: string;
  /** Such as `https://registry.npmjs.org`. */
  readonly npmRegistry: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Called after every install, for metrics. */
  readonly onInstall?: (status: InstallResult['status'], ecosystem: Ecosystem) => void;
  readonly now?: () => Date;
  /** Address of OSV's dumps, from which the list of malicious packages is renewed every day. Default: it is not. */
  readonly maliciousListUrl?: string | undefined;
  /** Days that a release has to be old before it is installed. Default: 3. */
  readonly minReleaseAgeDays?: number | undefined;
  readonly archiveLimits?: Partial<ArchiveLimits>;
  readonly resolverLimits?: Partial<ResolverLimits>;
  /** Of all layers together. Default: 4 GiB. */
  readonly maxStoreBytes?: number | undefined;
  /** Days after which a layer is removed that no program has used. Default: 30. */
  readonly maxIdleDays?: number | undefined;
  /** Called for each layer that is removed, for metrics. */
  readonly onEvicted?: (reason: Eviction['reason']) => void;
  readonly maxParallel?: number;
  /** The longest that a call waits for an install, which goes on by itself. Default: 100 s. */
  readonly waitMs?: number | undefined;
  /** The machine that npm packages are for. Default: an isolate, which has no native code. */
  readonly npmTarget?: NpmTarget;
  readonly maxWaiting?: number;
}

export async function createPackages(options: PackagesOptions): Promise<Packages> {
  const { directory, provided = NOTHING, logger, onInstall = () => {} } = options;
  const workDirectory = join(directory, 'work');
  await mkdir(workDirectory, { recursive: true });
  await removeLeftovers(workDirectory);

  const fetcher = createFetcher(options);
  const knowledge = await loadKnowledge(options, fetcher);
  const checks = createChecks(knowledge);
  const refresh = renewMalicious(options, knowledge.malicious);
  const use = createLayerUse(knowledge.now);
  const installer = createInstaller({ ...options, workDirectory, fetcher, knowledge, checks, use });
  const { installSet, store, unpacked } = installer;
  const modules = createModuleLookup(store, installer.targets);
  void removeTree(join(directory, OLD_STORE)).catch(() => {});
  const evictor = createEvictor(options, { store, modules });
  const jobs = createInstallJobs({
    installSet,
    waitMs: options.waitMs ?? WAIT_MS,
    now: knowledge.now,
    onNewLayer: () => {
      modules.forget();
      void evictor.evict();
    },
    parallel: options.maxParallel ?? 2,
    waiting: options.maxWaiting ?? 16,
  });
  const installPackage = createInstallPackage({ jobs, provided, onInstalled: modules.remember });

  return {
    check: (request, signal) => checkPackage(checks, request, signal),
    async install(request, signal, waiting) {
      const result = await installPackage(request, { ...waiting, signal });
      onInstall(result.status, request.ecosystem);
      logInstall(logger, request, result);
      return result;
    },
    list: async () => listPackages(await store.list()),
    jobs: { start: (request) => startJob(jobs, request), find: jobs.find },
    ...createLayers({
      jobs,
      openLayer: ({ record: { ecosystem, digest } }) => store.find(ecosystem, digest),
      findModules: modules.find,
      provided,
    }),
    approvals: { list: knowledge.approvals.list, decide: knowledge.approvals.decide },
    hold: use.hold,
    evict: evictor.evict,
    usage: async () => {
      const [sets, packages] = await Promise.all([store.list(), unpacked.list()]);
      return { layers: sets.length, bytes: packages.reduce((sum, { size_bytes }) => sum + size_bytes, 0) };
    },
    malicious: knowledge.malicious.status,
    close: async () => {
      refresh?.close();
      evictor.close();
      jobs.close();
      await fetcher.close();
    },
  };
}

const NOTHING: Provided = () => [];

/** The longest that a call waits by default: most of what callers and proxies in between wait. */
const WAIT_MS = 100_000;
/** The folder of an earlier version, whose layers were whole copies. */
const OLD_STORE = 'layers';

const EVICT_MS = 3_600_000;

/** Removes layers after each install and every hour, one removal after the other. */
function createEvictor(
  { logger, onEvicted = () => {} }: Pick<PackagesOptions, 'logger' | 'onEvicted'>,
  { store, modules }: { readonly store: LayerStore; readonly modules: ModuleLookup },
) {
  const remove = async (): Promise<void> => {
    try {
      const evictions = await store.evict();
      if (evictions.length === 0) return;
      modules.forget(evictions);
      logger.info({ layers: evictions.length }, 'package layers removed');
      for (const { reason } of evictions) onEvicted(reason);
    } catch (error) {
      logger.warn({ err: error }, 'package layers not removed');
    }
  };
  let last = Promise.resolve();
  const evict = (): Promise<void> => {
    last = last.then(remove);
    return last;
  };
  const timer = setInterval(() => void evict(), EVICT_MS).unref();
  return { evict, close: () => clearInterval(timer) };
}

function renewMalicious(options: PackagesOptions, knowledge: MaliciousKnowledge) {
  const { directory, maliciousListUrl: url, proxy = {}, logger } = options;
  if (url === undefined) return undefined;
  return scheduleMaliciousRefresh({ knowledge, fetchList: fetchMaliciousList({ url, directory, proxy }), logger });
}

const MIN_RELEASE_AGE_DAYS = 3;

/** Loads what packages are compared with, and opens the indexes. */
async function loadKnowledge(options: PackagesOptions, fetcher: Fetcher) {
  const { directory, policyFile, pipIndexUrl, npmRegistry, logger, provided = NOTHING } = options;
  const { now = () => new Date(), minReleaseAgeDays = MIN_RELEASE_AGE_DAYS } = options;
  const [policy, malicious, approvals] = await Promise.all([
    loadPolicy(policyFile),
    loadMalicious(directory, logger),
    createApprovals(join(directory, 'approvals.json'), now),
  ]);
  logger.info({ malicious: malicious.status() }, 'package checks loaded');
  const index = {
    pypi: cachedIndex(pypiIndexes(fetcher, pipIndexUrl, policy)),
    npm: cachedIndex(
      createNpmIndex(fetcher, npmRegistry, {
        isPopular: (name) => popularNames('npm').has(name),
        settledBefore: () => new Date(now().getTime() - minReleaseAgeDays * DAY_MS),
      }),
    ),
  };
  return { policy, malicious, approvals, popular: popularNames, index, provided, minReleaseAgeDays, now };
}

/** Asks for some names the indexes that the policy has for them, and for all others the usual one. */
function pypiIndexes(fetcher: Fetcher, url: string, { indexes }: Policy): PackageIndex {
  const usual = createPypiIndex(fetcher, url);
  const others = new Map(
    Object.entries(indexes).map(([name, other]) => [policyName(name), createPypiIndex(fetcher, other)]),
  );
  return { project: (name, signal) => (others.get(name) ?? usual).project(name, signal) };
}

interface InstallerParts extends PackagesOptions {
  readonly workDirectory: string;
  readonly fetcher: Fetcher;
  readonly knowledge: Knowledge;
  readonly checks: Checks;
  readonly use: LayerUse;
}

function createInstaller(parts: InstallerParts) {
  const { directory, workDirectory, fetcher, knowledge, checks, python = '/usr/bin/python3', npm = findNpm() } = parts;
  const { index, now } = knowledge;
  const archives = { ...policyLimits(knowledge.policy), ...parts.archiveLimits };
  const limits = { ...RESOLVER_LIMITS, ...parts.resolverLimits };
  const { use, maxStoreBytes: maxBytes = 4 * 1_024 ** 3, maxIdleDays = 30 } = parts;
  const eviction = { maxBytes, maxIdleMs: maxIdleDays * DAY_MS };
  const unpacked = createPackageStore({ directory: join(directory, 'unpacked'), workDirectory });
  const store = createLayerStore({
    directory,
    workDirectory,
    packages: unpacked,
    maxLayerBytes: archives.unpackedBytes,
    eviction,
    use,
    now,
  });
  const findPip = createFindPip({ python, directory, index: index.pypi, fetcher });
  const runTool = createRunTool({ bwrap: parts.bwrap ?? '/usr/bin/bwrap', logger: parts.logger });
  const resolvers = {
    pypi: createPypiResolver({
      checks,
      fetcher,
      python,
      findPip,
      runTool,
      target: parts.pythonTarget,
      compile: createCompileTree(parts.pythonTarget, python, runTool),
      gpu: knowledge.policy.gpu,
      provided: parts.provided ?? NOTHING,
      archives,
      limits,
    }),
    npm: createNpmResolver({
      checks,
      fetcher,
      npm,
      runTool,
      archives,
      limits,
      target: parts.npmTarget ?? npmTargetHere(false),
    }),
  };
  const targets = { pypi: resolvers.pypi.target, npm: resolvers.npm.target };
  const installSet = createInstallSet({ checks, store, packages: unpacked, resolvers, limits, workDirectory });
  return { store, unpacked, targets, installSet };
}

const MIB = 1_024 ** 2;

const policyLimits = ({ max_archive_mb, max_unpacked_mb }: Policy): ArchiveLimits => ({
  ...ARCHIVE_LIMITS,
  archiveBytes: max_archive_mb * MIB,
  unpackedBytes: max_unpacked_mb * MIB,
});

/** Begins an install that nobody waits for. */
function startJob(jobs: InstallJobs, request: InstallRequest): InstallJob {
  try {
    return jobs.start(request.ecosystem, [parseRequest(request)]);
  } catch (error) {
    throw error instanceof Refusal ? argumentError(error) : error;
  }
}

function logInstall(logger: PackagesOptions['logger'], { ecosystem }: PackageRequest, result: InstallResult): void {
  const { status, reason, duration_ms: durationMs } = result;
  // A text that is not a valid name may be anything, a secret included.
  const name = reason?.code === 'invalid_name' ? undefined : result.name;
  logger.info({ name, ecosystem, status, code: reason?.code, durationMs }, 'package install');
}

/** Finds npm's script beside this Node, else where the system has it. */
function findNpm(): string {
  const candidates = [dirname(process.execPath), '/usr/local/bin', '/usr/bin'].map((folder) => join(folder, 'npm'));
  const found = candidates.find((path) => existsSync(path));
  return found === undefined ? '/usr/bin/npm' : realpathSync(found);
}
