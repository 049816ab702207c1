import type { ExecuteArguments } from '@toolmesh/shared/contracts/execution';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Runtime } from '../runtimes/runtime.ts';
import { createWorkerPool, type PoolStats, type WorkerPool } from '../workers/pool.ts';
import { startWorker } from '../workers/worker-process.ts';

export interface EngineOptions {
  readonly min: number;
  readonly max: number;
  readonly logger: Logger;
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

/** Package folders whose pools are remembered. Such a pool keeps no worker warm, so that one is as good as forgotten. */
const MAX_PACKAGE_POOLS = 16;

export function createEngine(runtime: Runtime, { min, max, logger }: EngineOptions): Engine {
  const { prepared } = runtime;
  const plain = createWorkerPool({ name: runtime.name, start: () => startWorker(runtime.worker()), min, max, logger });
  const ahead =
    prepared === undefined
      ? undefined
      : createWorkerPool({ name: prepared.name, start: () => startWorker(prepared.worker()), min: 1, max, logger });
  const byPackages = new Map<string, WorkerPool>();

  const poolWith = (packages: string): WorkerPool => {
    const start = () => startWorker(runtime.worker(packages));
    const pool = byPackages.get(packages) ?? createWorkerPool({ name: packages, start, min: 0, max, logger });
    byPackages.delete(packages);
    byPackages.set(packages, pool);
    const [oldest] = byPackages.keys();
    if (byPackages.size > MAX_PACKAGE_POOLS && oldest !== undefined) byPackages.delete(oldest);
    return pool;
  };
  const pools = () => [plain, ...(ahead === undefined ? [] : [ahead]), ...byPackages.values()];

  return {
    runtime,
    poolFor: ({ code, language }, packages) => {
      runtime.expect?.(language);
      if (packages !== undefined) return poolWith(packages);
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

const addStats = (a: PoolStats, b: PoolStats): PoolStats => ({
  idle: a.idle + b.idle,
  busy: a.busy + b.busy,
  starting: a.starting + b.starting,
  queued: a.queued + b.queued,
});
