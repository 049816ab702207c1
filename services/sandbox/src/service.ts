import { join } from 'node:path';
import { ConfigError, loadConfig } from '@toolmesh/shared/kit/service/config';
import { defineService, type Kit } from '@toolmesh/shared/kit/service/define-service';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import { toolServiceParts } from '@toolmesh/shared/kit/service/tool-service';
import { FILE_PATHS } from '@toolmesh/shared/kit/http/file-routes';
import { buildEnvironment, serveBaseLayer } from './base-layer/serve-base-layer.ts';
import { SandboxConfig } from './config.ts';
import { measureDisk } from './telemetry/disk.ts';
import { createEngine } from './execution/engine.ts';
import { createExecute, type Execute, type ExecuteParts, executeTool } from './execution/execute.ts';
import { executionRoutes } from './execution/routes.ts';
import { openFileStore } from './files/file-store.ts';
import { storedFileRoutes } from './files/routes.ts';
import { countEvictions, measureBudget } from './telemetry/budget.ts';
import { describeIsolation, isolationChecks, measureIsolation } from './telemetry/isolation.ts';
import { countFileEvictions, measureFiles, measureWorkspaces } from './telemetry/files.ts';
import { measureExecutions } from './telemetry/metrics.ts';
import {
  countInstalls,
  countLayerEvictions,
  describePackages,
  measureLayers,
  measureMalicious,
} from './telemetry/packages.ts';
import { chooseLimits } from './jail/choose-limits.ts';
import { findCgroup } from './jail/find-cgroup.ts';
import { findJail } from './jail/find-jail.ts';
import { npmTargetHere } from './packages/resolve/npm-target.ts';
import { createPackages, type Packages } from './packages/packages.ts';
import { loadMalicious, type MaliciousStatus } from './packages/policy/malicious.ts';
import { createViews } from './packages/store/views.ts';
import { packageRoutes } from './packages/routes.ts';
import { packageTools } from './packages/tools.ts';
import { chooseRuntimes, pythonTargetOf } from './runtimes/choose-runtimes.ts';
import type { Runtime } from './runtimes/runtime.ts';
import { makeWritable } from './writable-folder.ts';
import { createSessions } from './execution/sessions.ts';
import { workspaceRoutes } from './workspaces/routes.ts';
import { openWorkspaceStore } from './workspaces/workspace-store.ts';
import { createToolHub } from './tool-calls/tool-hub.ts';
import { whyNoTools } from './tool-calls/calling-languages.ts';
import { createToolCalls, type ToolCalls } from './tool-calls/tool-calls.ts';
import { withToolCalls } from './tool-calls/with-tool-calls.ts';
import { countToolCalls } from './telemetry/tool-calls.ts';
import { createBudget, defaultMemoryBytes } from './workers/budget.ts';
import { createWarmWorkers } from './workers/warm-workers.ts';

const MIB = 1_024 ** 2;

/**
 * Makes a jail as a start would. Returns why there is none, or why it has no Python; undefined when it has all. Reads
 * only the settings that name bubblewrap, Python and the cache.
 */
export async function whyNoNamespaces(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly lacks: 'jail' | 'python'; readonly reason: string } | undefined> {
  const settings = SandboxConfig.pick({ SANDBOX_CACHE_DIR: true, SANDBOX_BWRAP: true, SANDBOX_PYTHON: true });
  const { SANDBOX_CACHE_DIR: cacheDirectory, SANDBOX_BWRAP: bwrap, SANDBOX_PYTHON: python } = loadConfig(settings, env);
  const found = await findJail({ cacheDirectory, bwrap, python });
  if ('reason' in found) return { lacks: 'jail', reason: found.reason };
  return 'reason' in found.python ? { lacks: 'python', reason: found.python.reason } : undefined;
}

/** Makes what all runtimes and sessions share: the budget, and the places that it leaves for warm workers. */
function createShares(config: SandboxConfig, metrics: Metrics) {
  const { MAX_WORKERS: max, SANDBOX_MEMORY_MB: mib } = config;
  const budget = createBudget({ maxPrograms: max, maxBytes: mib === undefined ? defaultMemoryBytes() : mib * MIB });
  const warmWorkers = createWarmWorkers({ max, running: () => budget.stats().running });
  budget.onChange(warmWorkers.changed);
  const limits = { max: config.SANDBOX_MAX_SESSIONS, idleMs: config.SANDBOX_SESSION_IDLE_MS };
  const sessions = createSessions({ ...limits, budget, onEvict: countEvictions(metrics) });
  measureBudget(budget, metrics);
  return { budget, warmWorkers, sessions };
}

/** Reads the list of malicious packages that a start would use. Reads only the settings that name its folder. */
export async function knownMalicious(env: NodeJS.ProcessEnv): Promise<MaliciousStatus> {
  const settings = SandboxConfig.pick({ SANDBOX_CACHE_DIR: true, SANDBOX_DATA_DIR: true });
  const { SANDBOX_CACHE_DIR, SANDBOX_DATA_DIR = join(SANDBOX_CACHE_DIR, 'packages') } = loadConfig(settings, env);
  return (await loadMalicious(SANDBOX_DATA_DIR, { warn: () => {} })).status();
}

/** Returns true for a runtime whose npm packages may have native parts. */
const isNode = ({ languages, isolation }: Runtime): boolean =>
  languages.includes('javascript') && isolation === 'namespaces';

interface PackagesHere {
  /** Directory of layers and decisions. */
  readonly directory: string;
  readonly runtimes: readonly Runtime[];
}

function openPackages(
  { config, logger, metrics }: Kit<SandboxConfig>,
  { directory, runtimes }: PackagesHere,
): Promise<Packages> {
  const { SANDBOX_MALICIOUS_LIST: list } = config;
  return createPackages({
    directory,
    policyFile: config.SANDBOX_PACKAGE_POLICY,
    minReleaseAgeDays: config.SANDBOX_PACKAGE_MIN_AGE_DAYS,
    maliciousListUrl: list === 'off' ? undefined : list,
    python: config.SANDBOX_PYTHON,
    bwrap: config.SANDBOX_BWRAP,
    pythonTarget: pythonTargetOf(runtimes),
    provided: () => runtimes.flatMap((runtime) => runtime.provided?.() ?? []),
    pipIndexUrl: config.PIP_INDEX_URL,
    pyodidePackagesUrl: config.SANDBOX_PYODIDE_PACKAGES_URL,
    npmTarget: npmTargetHere(runtimes.some(isNode)),
    npmRegistry: config.NPM_CONFIG_REGISTRY,
    proxy: { http: config.HTTP_PROXY, https: config.HTTPS_PROXY, no: config.NO_PROXY },
    logger,
    onInstall: countInstalls(metrics),
    maxStoreBytes: config.SANDBOX_LAYERS_MAX_MB * MIB,
    maxIdleDays: config.SANDBOX_LAYERS_MAX_IDLE_DAYS,
    onEvicted: countLayerEvictions(metrics),
  });
}

const HOUR_MS = 3_600_000;

/** Opens the store of uploads and results. */
async function openFiles({ config, metrics }: Kit<SandboxConfig>, dataDirectory: string) {
  const files = await openFileStore({
    directory: join(dataDirectory, 'files'),
    maxBytes: config.SANDBOX_FILES_MAX_MB * MIB,
    maxFileBytes: config.SANDBOX_FILE_MAX_MB * MIB,
    maxAgeMs: config.SANDBOX_FILES_MAX_AGE_HOURS * HOUR_MS,
    onEvicted: countFileEvictions(metrics),
  });
  measureFiles(metrics, files);
  return files;
}

function measureStores(metrics: Kit<SandboxConfig>['metrics'], directory: string, packages: Packages): void {
  measureDisk(metrics, directory);
  measureMalicious(metrics, packages);
  measureLayers(metrics, packages);
}

/** Opens the store of the files of sessions. */
async function openWorkspaces({ config, metrics }: Kit<SandboxConfig>, dataDirectory: string) {
  const workspaces = await openWorkspaceStore({
    directory: join(dataDirectory, 'workspaces'),
    maxWorkspaceBytes: config.SANDBOX_WORKSPACE_MAX_MB * MIB,
    maxBytes: config.SANDBOX_WORKSPACES_MAX_MB * MIB,
    maxIdleMs: config.SANDBOX_WORKSPACES_MAX_IDLE_HOURS * HOUR_MS,
  });
  measureWorkspaces(metrics, workspaces);
  return workspaces;
}

/** Opens what is kept for callers: files by id, and those of sessions. */
const openKept = async (kit: Kit<SandboxConfig>, dataDirectory: string) => ({
  files: await openFiles(kit, dataDirectory),
  workspaces: await openWorkspaces(kit, dataDirectory),
});

/** Makes the use case: measured, and with tool calls for the programs that are given tools. */
const makeExecute = (kit: Kit<SandboxConfig>, parts: ExecuteParts): Execute =>
  measureExecutions(withToolCalls(createExecute(parts), openToolCalls(kit, parts.engines)), parts.engines, kit.metrics);

function openToolCalls({ config, logger, metrics }: Kit<SandboxConfig>, engines: ExecuteParts['engines']): ToolCalls {
  const runtimes = engines.map(({ runtime }) => runtime);
  const { MCP_SERVER_URL: baseUrl, MCP_SERVER_API_KEY: apiKey = config.API_KEY } = config;
  return createToolCalls({
    hub: createToolHub({ baseUrl, apiKey }),
    maxCalls: config.SANDBOX_MAX_TOOL_CALLS,
    maxDepth: config.SANDBOX_MAX_PROGRAM_DEPTH,
    onEnded: countToolCalls(metrics, logger),
    whyNot: (language) => whyNoTools(language, runtimes),
  });
}

/** Returns why the workers of a start from here would have no control groups; undefined when they would. */
export async function whyNoCgroup(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { SANDBOX_PYTHON: python } = loadConfig(SandboxConfig.pick({ SANDBOX_PYTHON: true }), env);
  const found = await findCgroup({ self: '/proc/self', python });
  return 'reason' in found ? found.reason : undefined;
}

export const sandbox = defineService({
  name: 'sandbox',
  config: SandboxConfig,
  build: async (kit) => {
    const { config, logger, metrics, access } = kit;
    const { SANDBOX_ISOLATION, MIN_WORKERS: min, MAX_WORKERS: max, SANDBOX_CACHE_DIR } = config;
    if (process.platform !== 'linux') throw new ConfigError('the sandbox needs Linux; elsewhere run it with Docker');
    if (min > max) throw new ConfigError(`MIN_WORKERS: ${min} is more than MAX_WORKERS, which is ${max}`);

    const { SANDBOX_PYTHON: python, SANDBOX_DATA_DIR = join(SANDBOX_CACHE_DIR, 'packages') } = config;
    makeWritable('SANDBOX_DATA_DIR', SANDBOX_DATA_DIR);
    const { by, cgroups } = await chooseLimits({ demanded: config.SANDBOX_LIMITS, python, logger });
    const { runtimes, lacking } = await chooseRuntimes({
      isolation: SANDBOX_ISOLATION,
      cacheDirectory: SANDBOX_CACHE_DIR,
      packagesDirectory: SANDBOX_DATA_DIR,
      bwrap: config.SANDBOX_BWRAP,
      python,
      buildEnv: buildEnvironment(config, kit.env),
      cgroups,
      renewal: { workers: config.SANDBOX_LAUNCHER_WORKERS, ms: config.SANDBOX_LAUNCHER_MINUTES * 60_000 },
      logger,
    });
    const { budget, warmWorkers, sessions } = createShares(config, metrics);
    const views = createViews(join(SANDBOX_DATA_DIR, 'views'));
    const shared = { cgroups, min, views, budget, warmWorkers, logger };
    const engines = runtimes.map((runtime) => createEngine(runtime, shared));
    const isolation = describeIsolation(engines);
    logger.info({ ...isolation, min, max }, 'isolation chosen');
    measureIsolation(engines, metrics);

    const packages = await openPackages(kit, { directory: SANDBOX_DATA_DIR, runtimes });
    const kept = await openKept(kit, SANDBOX_DATA_DIR);
    measureStores(metrics, SANDBOX_DATA_DIR, packages);
    const execute = makeExecute(kit, { engines, lacking, sessions, budget, ...kept, packages });
    const layer = serveBaseLayer(runtimes, config.SANDBOX_BASE_LAYER, metrics);
    const checks = { ...isolationChecks(engines), ...layer.checks };
    const tools = [executeTool(execute), ...packageTools(packages)];
    const service = toolServiceParts('sandbox', { tools, checks }, kit);
    return {
      ...service,
      routes: [
        ...executionRoutes(execute),
        ...storedFileRoutes(kept.files),
        ...workspaceRoutes(sessions, kept.workspaces),
        ...packageRoutes(packages, config.SANDBOX_ADMIN_KEY, access.wrongKeys),
        ...service.routes,
      ],
      openPaths: FILE_PATHS,
      health: async () => ({ ...isolation, limits: by, ...layer.health(), packages: describePackages(packages) }),
      started: layer.started,
      close: async () => {
        await packages.close();
        warmWorkers.close();
        sessions.close();
        for (const engine of engines) engine.close();
      },
    };
  },
});
