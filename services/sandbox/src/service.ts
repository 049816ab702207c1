import { join } from 'node:path';
import { ConfigError, loadConfig } from '@toolmesh/shared/kit/service/config';
import { defineService } from '@toolmesh/shared/kit/service/define-service';
import { toolServiceParts } from '@toolmesh/shared/kit/service/tool-service';
import { SandboxConfig } from './config.ts';
import { measureDisk } from './telemetry/disk.ts';
import { createEngine } from './execution/engine.ts';
import { createExecute, executeTool } from './execution/execute.ts';
import { executionRoutes } from './execution/routes.ts';
import { countEvictions, measureBudget } from './telemetry/budget.ts';
import { describeIsolation, isolationChecks, measureIsolation } from './telemetry/isolation.ts';
import { countInstalls, measureExecutions } from './telemetry/metrics.ts';
import { findJail } from './jail/find-jail.ts';
import { createPackages } from './packages/packages.ts';
import { packageRoutes } from './packages/routes.ts';
import { packageTools } from './packages/tools.ts';
import { chooseRuntimes, pythonTargetOf } from './runtimes/choose-runtimes.ts';
import { createSessions } from './execution/sessions.ts';
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
function createShares({ MAX_WORKERS: max, SANDBOX_MEMORY_MB: mib }: SandboxConfig) {
  const budget = createBudget({ maxPrograms: max, maxBytes: mib === undefined ? defaultMemoryBytes() : mib * MIB });
  const warmWorkers = createWarmWorkers({ max, running: () => budget.stats().running });
  budget.onChange(warmWorkers.changed);
  return { budget, warmWorkers };
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
    const runtimes = await chooseRuntimes({
      isolation: SANDBOX_ISOLATION,
      cacheDirectory: SANDBOX_CACHE_DIR,
      packagesDirectory: SANDBOX_DATA_DIR,
      bwrap: config.SANDBOX_BWRAP,
      python,
      logger,
    });
    const { budget, warmWorkers } = createShares(config);
    const engines = runtimes.map((runtime) => createEngine(runtime, { min, budget, warmWorkers, logger }));
    const limits = { max: config.SANDBOX_MAX_SESSIONS, idleMs: config.SANDBOX_SESSION_IDLE_MS };
    const sessions = createSessions({ ...limits, budget, onEvict: countEvictions(metrics) });
    measureBudget(budget, metrics);
    const isolation = describeIsolation(engines);
    logger.info({ ...isolation, min, max }, 'isolation chosen');
    measureIsolation(engines, metrics);

    const packages = await createPackages({
      directory: SANDBOX_DATA_DIR,
      policyFile: config.SANDBOX_PACKAGE_POLICY,
      minReleaseAgeDays: config.SANDBOX_PACKAGE_MIN_AGE_DAYS,
      python,
      pythonTarget: pythonTargetOf(runtimes),
      provided: runtimes.flatMap((runtime) => runtime.provided ?? []),
      pipIndexUrl: config.PIP_INDEX_URL,
      npmRegistry: config.NPM_CONFIG_REGISTRY,
      proxy: { http: config.HTTP_PROXY, https: config.HTTPS_PROXY, no: config.NO_PROXY },
      logger,
      onInstall: countInstalls(metrics),
    });
    measureDisk(metrics, SANDBOX_DATA_DIR);
    const execute = measureExecutions(createExecute({ engines, sessions, budget, packages }), engines, metrics);
    const checks = isolationChecks(engines);
    const service = toolServiceParts(
      'sandbox',
      { tools: [executeTool(execute), ...packageTools(packages)], checks },
      kit,
    );
    return {
      ...service,
      routes: [
        ...executionRoutes(execute, sessions),
        ...packageRoutes(packages, config.SANDBOX_ADMIN_KEY, access.wrongKeys),
        ...service.routes,
      ],
      health: async () => isolation,
      close: async () => {
        await packages.close();
        warmWorkers.close();
        sessions.close();
        for (const engine of engines) engine.close();
      },
    };
  },
});
