/**
 * The one budget of all programs: how many run at once, and how much memory they and the sessions at rest may have.
 * Pure: `nextBudgetState` decides, `createBudget` owns the callers that wait. An account is one program or one session.
 */
export interface BudgetState {
  /** Programs that may run at once. */
  readonly maxPrograms: number;
  /** Memory of running programs and sessions at rest together. */
  readonly maxBytes: number;
  /** Accounts that wait for a program to run, the longest first. */
  readonly line: readonly Claim[];
  /** Bytes that the running programs may use, by account. */
  readonly running: ReadonlyMap<number, number>;
  /** Sessions between two calls, the one that has rested longest first. */
  readonly resting: ReadonlyMap<number, Resting>;
  /** Bytes of sessions that were evicted and have not ended yet. */
  readonly ending: ReadonlyMap<number, number>;
}

interface Claim {
  readonly id: number;
  readonly bytes: number;
  /** Bytes that its session has while it waits. */
  readonly held: number;
}

interface Resting {
  readonly bytes: number;
  /** True while calls wait for their turn: it is not evicted. */
  readonly isWanted: boolean;
}

export type BudgetEvent =
  | { readonly type: 'requested'; readonly id: number; readonly bytes: number }
  /** A caller has left the line. */
  | { readonly type: 'withdrawn'; readonly id: number }
  /** A session's program has ended, and its worker keeps `bytes`. */
  | ({ readonly type: 'rested'; readonly id: number } & Resting)
  /** The worker of an account is gone. */
  | { readonly type: 'ended'; readonly id: number };

export type BudgetEffect =
  | { readonly type: 'grant'; readonly id: number }
  /** Ends a session at rest. */
  | { readonly type: 'evict'; readonly id: number };

export interface BudgetStep {
  readonly state: BudgetState;
  readonly effects: readonly BudgetEffect[];
}

export const emptyBudget = (maxPrograms: number, maxBytes: number): BudgetState => ({
  maxPrograms,
  maxBytes,
  line: [],
  running: new Map(),
  resting: new Map(),
  ending: new Map(),
});

/** Returns the state after `event`, and whom to let run or to evict. Callers are served in the order of their arrival. */
export function nextBudgetState(state: BudgetState, event: BudgetEvent): BudgetStep {
  return settle(after(state, event));
}

function after(state: BudgetState, event: BudgetEvent): BudgetState {
  const { id } = event;
  switch (event.type) {
    case 'requested': {
      const held = state.resting.get(id)?.bytes ?? 0;
      const claim = { id, bytes: event.bytes, held };
      return { ...state, line: [...state.line, claim], resting: without(state.resting, id) };
    }
    case 'withdrawn': {
      const claim = state.line.find((other) => other.id === id);
      if (claim === undefined) return state;
      const left = { ...state, line: state.line.filter((other) => other !== claim) };
      if (claim.held === 0) return left;
      return { ...left, resting: withEntry(left.resting, id, { bytes: claim.held, isWanted: false }) };
    }
    case 'rested': {
      if (!state.running.has(id) && !state.resting.has(id)) return state;
      const { bytes, isWanted } = event;
      const resting = withEntry(without(state.resting, id), id, { bytes, isWanted });
      return { ...state, running: without(state.running, id), resting };
    }
    case 'ended':
      return {
        ...state,
        line: state.line.filter((other) => other.id !== id),
        running: without(state.running, id),
        resting: without(state.resting, id),
        ending: without(state.ending, id),
      };
  }
}

/** Lets run whoever has a turn and fits, and evicts sessions where that lets the first in line run. */
function settle(state: BudgetState): BudgetStep {
  const [first, ...line] = state.line;
  if (first === undefined || state.running.size >= state.maxPrograms) return { state, effects: [] };
  const lack = usedBytes(state) - first.held + first.bytes - state.maxBytes;
  if (lack > 0) return evict(state, lack - total(state.ending.values()));
  const granted = { ...state, line, running: withEntry(state.running, first.id, first.bytes) };
  const next = settle(granted);
  return { state: next.state, effects: [{ type: 'grant', id: first.id }, ...next.effects] };
}

/** Evicts the sessions that have rested longest until `lack` bytes come free; none when that is not enough. */
function evict(state: BudgetState, lack: number): BudgetStep {
  const free = [...state.resting].filter(([, { isWanted }]) => !isWanted);
  if (lack <= 0 || lack > total(free.map(([, { bytes }]) => bytes))) return { state, effects: [] };
  let { resting, ending } = state;
  const effects: BudgetEffect[] = [];
  for (const [id, { bytes }] of free) {
    if (lack <= 0) break;
    lack -= bytes;
    resting = without(resting, id);
    ending = withEntry(ending, id, bytes);
    effects.push({ type: 'evict', id });
  }
  return { state: { ...state, resting, ending }, effects };
}

/** Returns the bytes that sessions have which run no program. */
export const sessionBytes = ({ line, resting, ending }: BudgetState): number =>
  total(line.map(({ held }) => held)) + total([...resting.values()].map(({ bytes }) => bytes)) + total(ending.values());

const usedBytes = (state: BudgetState): number => total(state.running.values()) + sessionBytes(state);

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

const withEntry = <T>(map: ReadonlyMap<number, T>, id: number, value: T): ReadonlyMap<number, T> =>
  new Map([...map, [id, value]]);

function without<T>(map: ReadonlyMap<number, T>, id: number): ReadonlyMap<number, T> {
  if (!map.has(id)) return map;
  const copy = new Map(map);
  copy.delete(id);
  return copy;
}
