import { totalmem } from 'node:os';
import { type DeadlineOptions, startDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  type BudgetEffect,
  type BudgetEvent,
  type BudgetState,
  emptyBudget,
  nextBudgetState,
  sessionBytes,
} from './budget-state.ts';

export interface BudgetOptions {
  /** Programs that may run at once. */
  readonly maxPrograms: number;
  /** Memory of running programs and sessions at rest together. */
  readonly maxBytes: number;
  /** Callers that may wait; more are turned away. */
  readonly maxQueue?: number;
  /** The longest that a caller waits. */
  readonly maxWaitMs?: number;
}

/** One program, or one session with all its programs, in the books of the budget. */
export interface Account {
  /**
   * Waits until a program may run that may use `bytes`.
   * @throws MeshError unavailable when too many wait or it takes too long
   */
  run(bytes: number, signal: AbortSignal): Promise<void>;
  /** The program has ended and its worker keeps `bytes`; `isWanted` while more calls wait, so that it is not evicted. */
  rest(bytes: number, isWanted: boolean): void;
  /** Its worker is gone, or never came. */
  end(): void;
}

/** The one budget of programs and memory over all languages, package sets and sessions. */
export interface Budget {
  readonly maxPrograms: number;
  readonly maxBytes: number;
  /** @param evict ends a session at rest, whose memory is needed */
  open(evict?: () => void): Account;
  stats(): BudgetStats;
  /** Is called when a program has begun or ended. Replaces the listener. */
  onChange(listener: () => void): void;
}

export interface BudgetStats {
  readonly running: number;
  readonly waiting: number;
  /** Bytes that running programs may use. */
  readonly programBytes: number;
  /** Bytes that sessions at rest have. */
  readonly sessionBytes: number;
}

type Turn = PromiseWithResolvers<void>;

const MIB = 1_024 ** 2;
const DEFAULT_SHARE = 0.75;

/** Returns the default of SANDBOX_MEMORY_MB in bytes: three quarters of the machine's memory, or of its cgroup's limit. */
export function defaultMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return (limit > 0 ? Math.min(limit, totalmem()) : totalmem()) * DEFAULT_SHARE;
}

export function createBudget({ maxPrograms, maxBytes, maxQueue = 64, maxWaitMs = 10_000 }: BudgetOptions): Budget {
  let state = emptyBudget(maxPrograms, maxBytes);
  let lastId = 0;
  let listener = () => {};
  const waiting = new Map<number, Turn>();
  const evictions = new Map<number, () => void>();

  const apply = (event: BudgetEvent): void => {
    const step = nextBudgetState(state, event);
    state = step.state;
    for (const effect of step.effects) carryOut(effect);
    listener();
  };

  const carryOut = ({ type, id }: BudgetEffect): void => {
    if (type === 'grant') {
      waiting.get(id)?.resolve();
      waiting.delete(id);
    } else evictions.get(id)?.();
  };

  const run = async (id: number, bytes: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (waiting.size >= maxQueue) {
      throw new MeshError('unavailable', `The sandbox is full: ${maxQueue} programs are waiting`);
    }
    const turn = Promise.withResolvers<void>();
    waiting.set(id, turn);
    apply({ type: 'requested', id, bytes });
    if (!waiting.has(id)) return turn.promise;
    const late = () => tooLate(state, maxWaitMs);
    return waitForTurn(turn, { signal, ms: maxWaitMs, late }, () => {
      if (waiting.delete(id)) apply({ type: 'withdrawn', id });
    });
  };

  return {
    maxPrograms,
    maxBytes,
    open(evict) {
      lastId += 1;
      const id = lastId;
      if (evict !== undefined) evictions.set(id, evict);
      return {
        run: (bytes, signal) => run(id, bytes, signal),
        rest: (bytes, isWanted) => apply({ type: 'rested', id, bytes, isWanted }),
        end: () => {
          evictions.delete(id);
          waiting.get(id)?.reject(new MeshError('unavailable', 'The session has ended'));
          waiting.delete(id);
          apply({ type: 'ended', id });
        },
      };
    },
    stats: () => statsOf(state),
    onChange: (next) => {
      listener = next;
    },
  };
}

/** Resolves when the turn has come; leaves the queue when the caller does, or the time is up. */
async function waitForTurn({ promise, reject }: Turn, options: DeadlineOptions, leave: () => void): Promise<void> {
  const { signal, release } = startDeadline(options);
  const giveUp = () => {
    leave();
    reject(signal.reason);
  };
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await promise;
  } finally {
    release();
  }
}

function tooLate({ running, maxPrograms }: BudgetState, ms: number): MeshError {
  const lacks = running.size < maxPrograms ? 'memory' : 'worker';
  return new MeshError('unavailable', `No ${lacks} of the sandbox came free within ${ms} ms`);
}

const statsOf = (state: BudgetState): BudgetStats => ({
  running: state.running.size,
  waiting: state.line.length,
  programBytes: [...state.running.values()].reduce((sum, bytes) => sum + bytes, 0),
  sessionBytes: sessionBytes(state),
});

/** @throws MeshError invalid_arguments for a program that may use more memory than there is for all. */
export function refuseTooLarge(memoryMb: number, { maxBytes }: Budget): void {
  const most = Math.floor(maxBytes / MIB);
  if (memoryMb <= most) return;
  const message = `must be at most ${most}, the memory of this sandbox in MiB (SANDBOX_MEMORY_MB)`;
  throw new MeshError('invalid_arguments', `Arguments of execute_code: memory_mb: ${message}; received ${memoryMb}`, {
    details: [{ path: 'memory_mb', message }],
  });
}
