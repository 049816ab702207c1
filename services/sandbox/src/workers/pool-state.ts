import type { MeshError } from '@toolmesh/shared/kit/faults/errors';

/**
 * The workers of a pool. Pure: `nextPoolState` decides, `createWorkerPool` owns the processes, the timers and the
 * queue. How many programs run is the budget's matter, how many workers are warm that of all pools together. A worker `W`
 * is only ever compared.
 */
export interface PoolState<W> {
  /** Workers to have warm while there is nothing to do. */
  readonly min: number;
  /** Warm workers, the oldest first. */
  readonly idle: readonly W[];
  /** Workers that callers have, and those that are killed and not gone yet. */
  readonly busy: ReadonlySet<W>;
  readonly starting: number;
  /** The error of the latest start, while no other start is tried. */
  readonly failure: MeshError | undefined;
  readonly isClosed: boolean;
}

export type PoolEvent<W> =
  /** A caller that may run a program has joined the queue. */
  | { readonly type: 'requested' }
  /** There is room for one more warm worker. */
  | { readonly type: 'warm_up' }
  /** The room of an idle worker is needed elsewhere. */
  | { readonly type: 'shed' }
  | { readonly type: 'started'; readonly worker: W }
  | { readonly type: 'start_failed'; readonly error: MeshError }
  /** An idle worker is out of date. */
  | { readonly type: 'retired'; readonly worker: W }
  /** A caller keeps its worker: the pool no longer counts it. */
  | { readonly type: 'taken'; readonly worker: W }
  /** The process of a worker has ended. */
  | { readonly type: 'gone'; readonly worker: W }
  | { readonly type: PoolTimer }
  | { readonly type: 'closed' };

export type PoolTimer = 'retry_due' | 'idle_due';

export type PoolEffect<W> =
  | { readonly type: 'start' }
  /** Gives the worker to the first caller in the queue. */
  | { readonly type: 'serve'; readonly worker: W }
  | { readonly type: 'kill'; readonly worker: W }
  /** Sends everyone in the queue away. */
  | { readonly type: 'refuse'; readonly error: MeshError }
  | { readonly type: 'wait'; readonly ms: number; readonly event: PoolTimer };

export interface PoolStep<W> {
  readonly state: PoolState<W>;
  readonly effects: readonly PoolEffect<W>[];
}

/** Time for which workers above `min` are kept. */
const IDLE_MS = 30_000;
/** The pause after a failed start, so that a broken runtime does not eat the machine. */
const RETRY_MS = 1_000;

export const emptyPool = <W>(min: number): PoolState<W> => ({
  min,
  idle: [],
  busy: new Set(),
  starting: 0,
  failure: undefined,
  isClosed: false,
});

/** Returns the workers that are warm, or will be without a caller who waits for them, with `waiting` callers. */
export const warmOf = <W>({ idle, starting }: PoolState<W>, waiting: number): number =>
  idle.length + Math.max(0, starting - waiting);

/** Returns how many more warm workers the pool wants, with `waiting` callers in the queue. */
export const lacksOf = <W>(state: PoolState<W>, waiting: number): number =>
  state.isClosed || state.failure !== undefined ? 0 : Math.max(0, state.min - warmOf(state, waiting));

/** Returns the state after `event` and what to do about it, with `waiting` callers in the queue. */
export function nextPoolState<W>(state: PoolState<W>, event: PoolEvent<W>, waiting: number): PoolStep<W> {
  switch (event.type) {
    case 'requested':
      return serveFromIdle(state, waiting);
    case 'started':
      return addWorker({ ...state, starting: state.starting - 1, failure: undefined }, event.worker, waiting);
    case 'start_failed':
      return fail({ ...state, starting: state.starting - 1 }, event.error);
    case 'taken':
      return { state: { ...state, busy: without(state.busy, event.worker) }, effects: [] };
    case 'gone':
      return removeWorker(state, event.worker);
    case 'warm_up':
      return start(state, Math.min(1, lacksOf(state, waiting)));
    case 'shed':
      return endOldest(state, 0);
    case 'retired':
      return retire(state, event.worker);
    case 'idle_due':
      return endOldest(state, state.min);
    case 'retry_due':
      return startForWaiting({ ...state, failure: undefined }, waiting);
    case 'closed':
      return { state: { ...state, isClosed: true }, effects: [...state.idle, ...state.busy].map(kill) };
  }
}

const fail = <W>(state: PoolState<W>, error: MeshError): PoolStep<W> => ({
  state: { ...state, failure: error },
  effects: [
    { type: 'refuse', error },
    { type: 'wait', ms: RETRY_MS, event: 'retry_due' },
  ],
});

function serveFromIdle<W>(state: PoolState<W>, waiting: number): PoolStep<W> {
  const [worker, ...idle] = state.idle;
  return worker === undefined ? startForWaiting(state, waiting) : serve({ ...state, idle }, worker);
}

function addWorker<W>(state: PoolState<W>, worker: W, waiting: number): PoolStep<W> {
  if (state.isClosed) return { state, effects: [kill(worker)] };
  if (waiting > 0) return serve(state, worker);
  return {
    state: { ...state, idle: [...state.idle, worker] },
    effects: [{ type: 'wait', ms: IDLE_MS, event: 'idle_due' }],
  };
}

const serve = <W>(state: PoolState<W>, worker: W): PoolStep<W> => ({
  state: { ...state, busy: new Set([...state.busy, worker]) },
  effects: [{ type: 'serve', worker }],
});

const removeWorker = <W>(state: PoolState<W>, worker: W): PoolStep<W> => ({
  state: {
    ...state,
    busy: without(state.busy, worker),
    idle: state.idle.filter((other) => other !== worker),
  },
  effects: [],
});

function retire<W>(state: PoolState<W>, worker: W): PoolStep<W> {
  if (!state.idle.includes(worker)) return unchanged(state);
  return { state: { ...state, idle: state.idle.filter((other) => other !== worker) }, effects: [kill(worker)] };
}

/** Ends the oldest idle worker, unless no more than `keep` would be left of what there is. */
function endOldest<W>(state: PoolState<W>, keep: number): PoolStep<W> {
  const [oldest, ...idle] = state.idle;
  if (oldest === undefined || idle.length < keep) return unchanged(state);
  return { state: { ...state, idle }, effects: [kill(oldest)] };
}

/** Starts as many workers as callers wait for. */
function startForWaiting<W>(state: PoolState<W>, waiting: number): PoolStep<W> {
  if (state.isClosed || state.failure !== undefined) return unchanged(state);
  return start(state, Math.max(0, waiting - state.starting));
}

const start = <W>(state: PoolState<W>, count: number): PoolStep<W> => ({
  state: { ...state, starting: state.starting + count },
  effects: Array.from({ length: count }, () => START),
});

const START = { type: 'start' } as const;

const kill = <W>(worker: W): PoolEffect<W> => ({ type: 'kill', worker });

const unchanged = <W>(state: PoolState<W>): PoolStep<W> => ({ state, effects: [] });

const without = <W>(workers: ReadonlySet<W>, worker: W): ReadonlySet<W> =>
  new Set([...workers].filter((other) => other !== worker));
