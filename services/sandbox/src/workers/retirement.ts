/** Counts what still uses each of several things that replace one another, and ends each that is retired and unused. */
export interface Retirement<T> {
  /** Notes one more user; returns how to say that it has gone. */
  use(thing: T): () => void;
  /** Ends it as soon as nobody uses it, after a moment for those who are about to. */
  retire(thing: T): void;
  /** Ends all that were retired, used or not. */
  close(): void;
}

/** Time in which those who have a thing at hand begin to use it. */
const GRACE_MS = 1_000;

export function createRetirement<T>(end: (thing: T) => void): Retirement<T> {
  const users = new Map<T, number>();
  const retired = new Set<T>();
  const endIfDone = (thing: T): void => {
    if ((users.get(thing) ?? 0) > 0 || !retired.delete(thing)) return;
    users.delete(thing);
    end(thing);
  };
  return {
    use(thing) {
      users.set(thing, (users.get(thing) ?? 0) + 1);
      return () => {
        users.set(thing, (users.get(thing) ?? 1) - 1);
        endIfDone(thing);
      };
    },
    retire(thing) {
      setTimeout(() => {
        retired.add(thing);
        endIfDone(thing);
      }, GRACE_MS).unref();
    },
    close() {
      for (const thing of retired) end(thing);
    },
  };
}
