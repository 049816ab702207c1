import type { Isolation, Language } from '@toolmesh/shared/contracts/execution';
import type { BaseLayer } from '../base-layer/base-layer.ts';
import type { Provided } from '../packages/package-layer.ts';
import type { WorkerStart } from '../workers/conversation.ts';

/**
 * One way to run programs of some languages. It prepares itself once; its workers are started ahead by the pool,
 * run one program each and are killed.
 */
export interface Runtime {
  /** Names its pool in logs and metrics. */
  readonly name: string;
  readonly languages: readonly Language[];
  readonly isolation: Isolation;
  /** The reason why there is no jail around its workers, and the way to get one; undefined where there is one. */
  readonly unjailed: string | undefined;
  /** `3.14`, for a runtime of Python. */
  readonly pythonVersion?: string;
  /** Packages that its programs have without asking. */
  readonly provided?: Provided;
  /** The libraries that its programs have, as far as they are built. */
  readonly baseLayer?: BaseLayer;
  /**
   * Returns how to start one worker: a process that speaks the worker protocol on descriptor 3. Programs in it can import
   * what is in `packages`, the path of a package layer.
   */
  worker(packages?: string): WorkerStart;
  /** For one whose workers take long to start: the memory of an idle one. More of them are started ahead, then. */
  readonly slowStart?: { readonly idleBytes: number };
  /**
   * Makes what its programs need and what takes long, once; each program waits for it, before it takes a worker.
   * @throws MeshError unavailable when it takes longer than a caller waits, or fails
   */
  readonly prepare?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Workers that are kept warm; undefined for as many as the settings say. */
  readonly minWorkers?: number | undefined;
  /** True where a launcher makes its workers. */
  readonly isLaunched?: boolean;
  /** True where workers see what is put into the folder of their packages later. */
  readonly seesLater?: boolean;
  /** Is told the language of each program, so that workers started from now on are ready for it. */
  expect?(language: Language): void;
  /** Workers that have imported more ahead, for the programs that need it. */
  readonly prepared?: PreparedWorkers;
  /** Ends what it has besides its workers. */
  close?(): void;
}

/** A second kind of worker of the same runtime: slow to start, fast for some programs. */
export interface PreparedWorkers {
  /** Names its pool. */
  readonly name: string;
  /** Returns true for a program that it is for, and which imports what is in `packages`. */
  suits(code: string, packages?: string): boolean;
  worker(packages?: string): WorkerStart;
}
