import type { ExecuteArguments } from '@toolmesh/shared/contracts/execution';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Cgroups } from '../jail/cgroup.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Budget } from '../workers/budget.ts';
import { createDemand, type Demand } from '../workers/demand.ts';
import { createWorkerPool, type PoolStats, type WorkerPool } from '../workers/pool.ts';
import type { WarmWorkers } from '../workers/warm-workers.ts';
import type { WorkerStart } from '../workers/conversation.ts';
import { startWorker } from '../workers/worker-process.ts';

export interface EngineOptions {
  /** Makes control groups for workers; absent where there are none. */
  readonly cgroups?: Cgroups | undefined;
  readonly min: number;
  /** Shared with all other engines, as the warm workers are. */
  readonly budget: Budget;
  readonly warmWorkers: WarmWorkers;
  readonly logger: Logger;
}

/** The part of a pool that is its own. */
interface PoolParts {
  readonly name: string;
  readonly start: () => WorkerStart;
  readonly min: number;
  readonly demand?: Demand | undefined;
}

/** A runtime and the pools of its workers. */
export interface Engine {
  readonly runtime: Runtime;
  /** The pool for a program, which imports what is in the folder `packages`. */
  poolFor(program: Pick<ExecuteArguments, 'code' | 'language'>, packages?: string): WorkerPool;
  /** Of all pools together. */
  stats(): PoolStats;
  /** @throws MeshError when no worker can be started at present. */
  check(): void;
  close(): void;
}

/** Package folders whose pools are remembered, besides those that have workers. */
const MAX_PACKAGE_POOLS = 16;

export function createEngine(runtime: Runtime, { cgroups, min, ...shared }: EngineOptions): Engine {
  const { prepared } = runtime;
  const makePool = ({ name, start, ...own }: PoolParts): WorkerPool =>
    createWorkerPool({ name, start: () => startWorker(start(), { cgroups }), ...own, ...shared });
  const plain = makePool({
    name: runtime.name,
    start: () => runtime.worker(),
    min: runtime.minWorkers ?? min,
    demand: demandOf(runtime, min, shared.budget),
  });
  const ahead = prepared === undefined ? undefined : makePool({ name: prepared.name, start: prepared.worker, min: 1 });
  const byPackages = new Map<string, WorkerPool>();

  const poolWith = (packages: string, code: string): WorkerPool => {
    const ready = prepared?.suits(code, packages) === true ? prepared : runtime;
    const key = `${ready.name} ${packages}`;
    const pool = byPackages.get(key) ?? makePool({ name: key, start: () => ready.worker(packages), min: 0 });
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

const addStats = (a: PoolStats, b: PoolStats): PoolStats => ({
  idle: a.idle + b.idle,
  busy: a.busy + b.busy,
  starting: a.starting + b.starting,
});
