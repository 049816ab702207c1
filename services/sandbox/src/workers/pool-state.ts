import type { MeshError } from '@toolmesh/shared/kit/faults/errors';

/**
 * The workers of a pool. Pure: `nextPoolState` decides, `createWorkerPool` owns the processes, the timers and the
 * queue. A worker `W` is only ever compared.
 */
export interface PoolState<W> {
  readonly min: number;
  readonly max: number;
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
  /** A caller has joined the queue. */
  | { readonly type: 'requested' }
  | { readonly type: 'started'; readonly worker: W }
  | { readonly type: 'start_failed'; readonly error: MeshError }
  /** A caller keeps its worker: the pool no longer counts it. */
  | { readonly type: 'taken'; readonly worker: W }
  /** The process of a worker has ended. */
  | { readonly type: 'gone'; readonly worker: W }
  | { readonly type: PoolTimer }
  | { readonly type: 'closed' };

export type PoolTimer = 'refill_due' | 'retry_due' | 'idle_due';

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

/** Starting a process blocks for some milliseconds: not while the program that took its worker runs or is answered. */
const REFILL_DELAY_MS = 20;
/** Time for which workers above `min` are kept. */
const IDLE_MS = 30_000;
/** The pause after a failed start, so that a broken runtime does not eat the machine. */
const RETRY_MS = 1_000;

export const emptyPool = <W>(min: number, max: number): PoolState<W> => ({
  min,
  max,
  idle: [],
  busy: new Set(),
  starting: 0,
  failure: undefined,
  isClosed: false,
});

/** Returns the state after `event` and what to do about it, with `waiting` callers in the queue. */
export function nextPoolState<W>(state: PoolState<W>, event: PoolEvent<W>, waiting: number): PoolStep<W> {
  switch (event.type) {
    case 'requested':
      return serveFromIdle(state, waiting);
    case 'started':
      return addWorker({ ...state, starting: state.starting - 1, failure: undefined }, event.worker, waiting);
    case 'start_failed':
      return {
        state: { ...state, starting: state.starting - 1, failure: event.error },
        effects: [
          { type: 'refuse', error: event.error },
          { type: 'wait', ms: RETRY_MS, event: 'retry_due' },
        ],
      };
    case 'taken':
      return refillSoon({ ...state, busy: without(state.busy, event.worker) }, waiting);
    case 'gone':
      return removeWorker(state, event.worker, waiting);
    case 'refill_due':
      return refill(state, waiting);
    case 'retry_due':
      return state.failure === undefined ? unchanged(state) : refill({ ...state, failure: undefined }, waiting);
    case 'idle_due':
      return dropSpare(state, waiting);
    case 'closed':
      return { state: { ...state, isClosed: true }, effects: [...state.idle, ...state.busy].map(kill) };
  }
}

function serveFromIdle<W>(state: PoolState<W>, waiting: number): PoolStep<W> {
  const [worker, ...idle] = state.idle;
  return worker === undefined ? refill(state, waiting) : serve({ ...state, idle }, worker, waiting);
}

function addWorker<W>(state: PoolState<W>, worker: W, waiting: number): PoolStep<W> {
  if (state.isClosed) return { state, effects: [kill(worker)] };
  if (waiting > 0) return serve(state, worker, waiting);
  return {
    state: { ...state, idle: [...state.idle, worker] },
    effects: [{ type: 'wait', ms: IDLE_MS, event: 'idle_due' }],
  };
}

function serve<W>(state: PoolState<W>, worker: W, waiting: number): PoolStep<W> {
  const next = refillSoon({ ...state, busy: new Set([...state.busy, worker]) }, waiting - 1);
  return { state: next.state, effects: [{ type: 'serve', worker }, ...next.effects] };
}

function removeWorker<W>(state: PoolState<W>, worker: W, waiting: number): PoolStep<W> {
  if (state.busy.has(worker)) return refillSoon({ ...state, busy: without(state.busy, worker) }, waiting);
  const idle = state.idle.filter((other) => other !== worker);
  return idle.length === state.idle.length ? unchanged(state) : refill({ ...state, idle }, waiting);
}

function dropSpare<W>(state: PoolState<W>, waiting: number): PoolStep<W> {
  const [oldest, ...idle] = state.idle;
  if (oldest === undefined || waiting > 0 || idle.length < state.min) return unchanged(state);
  return { state: { ...state, idle }, effects: [kill(oldest)] };
}

function refillSoon<W>(state: PoolState<W>, waiting: number): PoolStep<W> {
  if (waiting > 0) return refill(state, waiting);
  return { state, effects: [{ type: 'wait', ms: REFILL_DELAY_MS, event: 'refill_due' }] };
}

/** Starts as many workers as `min` and the queue ask for and `max` allows. */
function refill<W>(state: PoolState<W>, waiting: number): PoolStep<W> {
  const { min, max, idle, busy, starting, failure, isClosed } = state;
  if (isClosed || failure !== undefined) return unchanged(state);
  const wanted = Math.min(min + waiting - idle.length, max - idle.length - busy.size) - starting;
  const count = Math.max(0, wanted);
  return { state: { ...state, starting: starting + count }, effects: Array.from({ length: count }, () => START) };
}

const START = { type: 'start' } as const;

const kill = <W>(worker: W): PoolEffect<W> => ({ type: 'kill', worker });

const unchanged = <W>(state: PoolState<W>): PoolStep<W> => ({ state, effects: [] });

const without = <W>(workers: ReadonlySet<W>, worker: W): ReadonlySet<W> =>
  new Set([...workers].filter((other) => other !== worker));
