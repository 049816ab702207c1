import type { Turn } from '../run/turns.ts';
import type { SessionStore, SessionSummary } from './session-store.ts';
import { createTurnQueue } from './turn-queue.ts';

/** The stored conversations, with one run at a time in each. */
export interface Sessions {
  /** False when the sessions are turned off: nothing is stored, and every id is unknown. */
  readonly isOn: boolean;
  /** Waits until no other run is active in a session; returns a function that ends the turn. */
  enter(id: string, signal: AbortSignal): Promise<() => void>;
  read(id: string): readonly Turn[] | undefined;
  /** Adds turns. Never throws: a chat that cannot be stored is answered all the same, and `onFailure` is called. */
  append(id: string, turns: readonly Turn[]): void;
  replace(id: string, turns: readonly Turn[]): void;
  list(): readonly SessionSummary[];
  remove(id: string): boolean;
  close(): void;
}

/** More entries than a page shows. */
const MAX_LISTED = 500;

/** `store` is undefined where sessions are off. */
export function createSessions(store: SessionStore | undefined, onFailure: (error: unknown) => void): Sessions {
  const queue = createTurnQueue();
  const attempt = (task: () => void): void => {
    try {
      task();
    } catch (error) {
      onFailure(error);
    }
  };
  return {
    isOn: store !== undefined,
    enter: (id, signal) => (store === undefined ? Promise.resolve(() => {}) : queue.enter(id, signal)),
    read: (id) => store?.read(id),
    append: (id, turns) => attempt(() => store?.append(id, turns)),
    replace: (id, turns) => attempt(() => store?.replace(id, turns)),
    list: () => store?.list(MAX_LISTED) ?? [],
    remove: (id) => store?.remove(id) ?? false,
    close: () => store?.close(),
  };
}
