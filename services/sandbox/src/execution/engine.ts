import type { ExecuteArguments } from '@toolmesh/shared/contracts/execution';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Cgroups } from '../jail/cgroup.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Budget } from '../workers/budget.ts';
import { createDemand, type Demand } from '../workers/demand.ts';
import { createWorkerPool, type PoolStats, type WorkerPool } from '../workers/pool.ts';
import type { WarmWorkers } from '../workers/warm-workers.ts';
import type { PackageLayer } from '../packages/package-layer.ts';
import type { PackageView, PackageViews } from '../packages/store/views.ts';
import { startWorker, type WorkerProcess } from '../workers/worker-process.ts';

export interface EngineOptions {
  /** Makes control groups for workers; absent where there are none. */
  readonly cgroups?: Cgroups | undefined;
  readonly min: number;
  /** Folders for the packages of workers that see what comes later. */
  readonly views?: PackageViews;
  /** Shared with all other engines, as the warm workers are. */
  readonly budget: Budget;
  readonly warmWorkers: WarmWorkers;
  readonly logger: Logger;
}

/** The part of a pool that is its own. */
interface PoolParts {
  readonly name: string;
  readonly start: () => Promise<WorkerProcess>;
  readonly min: number;
  readonly demand?: Demand | undefined;
}

/** A runtime and the pools of its workers. */
export interface Engine {
  readonly runtime: Runtime;
  /** The pool for a program, which imports what is in the folder `packages`. */
  poolFor(program: Pick<ExecuteArguments, 'code' | 'language'>, packages?: string): WorkerPool;
  /** Returns true where a worker that runs can be given `layer`. */
  canShow(layer: PackageLayer | undefined): boolean;
  /** Of all pools together. */
  stats(): PoolStats;
  /** @throws MeshError when no worker can be started at present. */
  check(): void;
  close(): void;
}

/** Package folders whose pools are remembered, besides those that have workers. */
const MAX_PACKAGE_POOLS = 16;

export function createEngine(runtime: Runtime, { cgroups, min, views, ...shared }: EngineOptions): Engine {
  const { prepared } = runtime;
  const makePool = ({ name, ...own }: PoolParts): WorkerPool => createWorkerPool({ name, ...own, ...shared });
  const startPlain = (worker: Runtime['worker']) =>
    runtime.seesLater === true && views !== undefined
      ? startWithView(worker, views.open(), cgroups)
      : startWorker(worker(), { cgroups });
  const plain = makePool({
    name: runtime.name,
    start: () => startPlain(runtime.worker),
    min: runtime.minWorkers ?? min,
    demand: demandOf(runtime, min, shared.budget),
  });
  const ahead =
    prepared === undefined
      ? undefined
      : makePool({ name: prepared.name, start: () => startPlain(prepared.worker), min: 1 });
  const byPackages = new Map<string, WorkerPool>();

  const poolWith = (packages: string, code: string): WorkerPool => {
    const ready = prepared?.suits(code, packages) === true ? prepared : runtime;
    const key = `${ready.name} ${packages}`;
    const start = () => startWorker(ready.worker(packages), { cgroups });
    const pool = byPackages.get(key) ?? makePool({ name: key, start, min: 0 });
    byPackages.delete(key);
    const unused = [...byPackages].filter(([, other]) => !other.isUsed());
    for (const [folder, other] of unused.slice(0, Math.max(0, unused.length - MAX_PACKAGE_POOLS))) {
      other.close();
      byPackages.delete(folder);
    }
    byPackages.set(key, pool);
    return pool;
  };
  const pools = () => [plain, ...(ahead === undefined ? [] : [ahead]), ...byPackages.values()];

  runtime.baseLayer?.onSet(() => {
    for (const pool of pools()) pool.renew();
  });

  return {
    runtime,
    poolFor: ({ code, language }, packages) => {
      runtime.expect?.(language);
      if (packages !== undefined) return poolWith(packages, code);
      return ahead !== undefined && prepared?.suits(code) === true ? ahead : plain;
    },
    canShow: (layer) => {
      const provided = new Set((runtime.provided?.() ?? []).map(({ name }) => name));
      return runtime.seesLater === true && layer?.top.some(({ name }) => provided.has(name)) !== true;
    },
    stats: () =>
      pools()
        .map((pool) => pool.stats())
        .reduce(addStats),
    check: () => plain.check(),
    close: () => {
      for (const pool of pools()) pool.close();
      runtime.close?.();
    },
  };
}

/** The share of the budget's memory that idle workers may take after bursts. */
const IDLE_SHARE = 0.25;

/** The warm workers of a runtime that is slow to start, to those of others, before any burst. */
const SLOW_SHARE = 1.5;

/** Keeps more workers of a runtime that is slow to start, and more again after bursts, as far as memory allows. */
function demandOf({ slowStart }: Runtime, min: number, { maxBytes, maxPrograms }: Budget): Demand | undefined {
  if (slowStart === undefined) return undefined;
  const fitting = Math.floor((maxBytes * IDLE_SHARE) / slowStart.idleBytes);
  const most = Math.max(min, Math.min(fitting, maxPrograms));
  return createDemand({ least: Math.min(Math.floor(min * SLOW_SHARE), most), most });
}

/** Starts a worker with a folder of packages of its own, which is removed when the worker has gone. */
async function startWithView(
  worker: Runtime['worker'],
  view: PackageView,
  cgroups: Cgroups | undefined,
): Promise<WorkerProcess> {
  const remove = () => void view.close().catch(() => {});
  try {
    const started = await startWorker(worker(view.directory), { cgroups });
    void started.gone.then(remove, remove);
    return { ...started, view };
  } catch (error) {
    remove();
    throw error;
  }
}

const addStats = (a: PoolStats, b: PoolStats): PoolStats => ({
  idle: a.idle + b.idle,
  busy: a.busy + b.busy,
  starting: a.starting + b.starting,
});
