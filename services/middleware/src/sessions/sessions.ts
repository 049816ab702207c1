import type { Turn } from '../run/turns.ts';
import type { SessionStore, SessionSummary } from './session-store.ts';
import { storeProblem } from './disk.ts';
import { createTurnQueue } from './turn-queue.ts';

/** The stored conversations, with one run at a time in each. */
export interface Sessions {
  /** False when the sessions are turned off: nothing is stored, and every id is unknown. */
  readonly isOn: boolean;
  /** Waits until no other run is active in a session; returns a function that ends the turn. */
  enter(id: string, signal: AbortSignal): Promise<() => void>;
  read(id: string): readonly Turn[] | undefined;
  /**
   * Adds turns. Never throws: a chat that cannot be kept is answered all the same. Returns what keeps it from being kept,
   * in words for its user; `onFailure` is called.
   */
  append(id: string, turns: readonly Turn[]): string | undefined;
  replace(id: string, turns: readonly Turn[]): string | undefined;
  list(): readonly SessionSummary[];
  remove(id: string): boolean;
  /** Returns what keeps conversations from being kept now; undefined while they are. */
  problem(): string | undefined;
  close(): void;
}

/** More entries than a page shows. */
const MAX_LISTED = 500;
const EXPIRE_EVERY_MS = 3_600_000;

/** `store` is undefined where sessions are off. */
export function createSessions(store: SessionStore | undefined, onFailure: (error: unknown) => void): Sessions {
  const queue = createTurnQueue();
  let problem: string | undefined;
  const attempt = (task: () => void): string | undefined => {
    try {
      task();
      return undefined;
    } catch (error) {
      // It stands until there is room for a long turn: a short one may fit before.
      problem = storeProblem(error);
      onFailure(error);
      return problem;
    }
  };
  const expire = (): void => void attempt(() => store?.expire());
  expire();
  const expiring = setInterval(expire, EXPIRE_EVERY_MS).unref();
  return {
    isOn: store !== undefined,
    enter: (id, signal) => (store === undefined ? Promise.resolve(() => {}) : queue.enter(id, signal)),
    read: (id) => store?.read(id),
    append: (id, turns) => attempt(() => store?.append(id, turns)),
    replace: (id, turns) => attempt(() => store?.replace(id, turns)),
    list: () => store?.list(MAX_LISTED) ?? [],
    remove: (id) => store?.remove(id) ?? false,
    problem() {
      if (problem !== undefined) {
        try {
          store?.probe();
          problem = undefined;
        } catch (error) {
          problem = storeProblem(error);
        }
      }
      return problem;
    },
    close() {
      clearInterval(expiring);
      store?.close();
    },
  };
}
