import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Ecosystem,
  InstalledPackage,
  InstallJob,
  InstallRequest,
  InstallResult,
  PackageRequest,
  Verdict,
} from '@toolmesh/shared/contracts/packages';
import { createFetcher } from './index/fetcher.ts';
import { createInstallPackage } from './install/install-package.ts';
import { createInstallJobs, type InstallCaller, type InstallJobs } from './install/install-jobs.ts';
import { argumentError, createLayers, type UnnamedImports } from './install/layers.ts';
import type { PackageLayer } from './package-layer.ts';
import type { Approval, Decision } from './policy/approvals.ts';
import { checkPackage } from './policy/check-package.ts';
import { type Checks, createChecks } from './policy/checks.ts';
import type { MaliciousStatus } from './policy/malicious.ts';
import { createModuleLookup, type ModuleLookup } from './install/module-lookup.ts';
import type { LayerStore } from './store/layer-store.ts';
import { createLayerUse } from './store/layer-use.ts';
import { listPackages } from './store/list-packages.ts';
import { removeLeftovers, removeTree } from './store/sealed-tree.ts';
import { Refusal } from './refusal.ts';
import { parseRequest } from './spec.ts';
import { createInstaller } from './create-installer.ts';
import { loadKnowledge, renewMalicious } from './load-knowledge.ts';
import type { PackagesOptions } from './packages-options.ts';

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

export async function createPackages(options: PackagesOptions): Promise<Packages> {
  const { directory, provided = () => [], logger, onInstall = () => {} } = options;
  const workDirectory = join(directory, 'work');
  await mkdir(workDirectory, { recursive: true });
  await removeLeftovers(workDirectory);

  const fetcher = createFetcher(options);
  const knowledge = await loadKnowledge(options, fetcher);
  const checks = createChecks(knowledge);
  const { meantBy } = checks;
  const refresh = renewMalicious(options, knowledge.malicious);
  const use = createLayerUse(knowledge.now);
  const installer = createInstaller({ ...options, workDirectory, fetcher, knowledge, checks, use });
  const { installSet, store } = installer;
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
  const installPackage = createInstallPackage({ jobs, meantBy, provided, onInstalled: modules.remember });

  return {
    check: (request, signal) => checkPackage(checks, request, signal),
    async install(request, signal, waiting) {
      const result = await installPackage(request, { ...waiting, signal });
      onInstall(result.status, request.ecosystem);
      logInstall(logger, request, result);
      return result;
    },
    list: async () => listPackages(await store.list()),
    jobs: { start: (request) => startJob({ jobs, checks }, request), find: jobs.find },
    ...createLayers({
      jobs,
      meantBy,
      openLayer: ({ record: { ecosystem, digest } }) => store.find(ecosystem, digest),
      findModules: modules.find,
      provided,
      installsMissing: knowledge.policy.auto_install,
    }),
    approvals: { list: knowledge.approvals.list, decide: knowledge.approvals.decide },
    hold: use.hold,
    evict: evictor.evict,
    usage: () => usageOf(installer),
    malicious: knowledge.malicious.status,
    close: async () => {
      refresh?.close();
      evictor.close();
      jobs.close();
      await fetcher.close();
    },
  };
}

/** The longest that a call waits by default: most of what callers and proxies in between wait. */
const WAIT_MS = 100_000;
/** The folder of an earlier version, whose layers were whole copies. */
const OLD_STORE = 'layers';

async function usageOf({ store, unpacked }: Pick<ReturnType<typeof createInstaller>, 'store' | 'unpacked'>) {
  const [sets, packages] = await Promise.all([store.list(), unpacked.list()]);
  return { layers: sets.length, bytes: packages.reduce((sum, { size_bytes }) => sum + size_bytes, 0) };
}

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

/** Begins an install that nobody waits for. */
function startJob(
  { jobs, checks }: { readonly jobs: InstallJobs; readonly checks: Checks },
  request: InstallRequest,
): InstallJob {
  try {
    return jobs.start(request.ecosystem, [checks.meantBy(parseRequest(request))]);
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
