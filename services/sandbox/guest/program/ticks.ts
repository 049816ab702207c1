type Call = (...args: unknown[]) => unknown;

/** The callbacks of process.nextTick, which come before those of promises. */
export interface Ticks {
  readonly add: (callback: Call, args: readonly unknown[]) => void;
  /** Calls what is there, and what that adds. */
  readonly run: () => void;
}

export function createTicks(onError: (error: unknown) => void): Ticks {
  let queue: (() => unknown)[] = [];
  let isPlanned = false;

  const run = () => {
    isPlanned = false;
    while (queue.length > 0) {
      const due = queue;
      queue = [];
      for (const call of due) {
        try {
          call();
        } catch (error) {
          onError(error);
        }
      }
    }
  };
  return {
    add(callback, args) {
      queue.push(() => callback(...args));
      if (isPlanned) return;
      isPlanned = true;
      void later(run);
    },
    run,
  };
}

async function nothing(): Promise<void> {}

/** Calls back by a promise; a program cannot replace what `await` does. */
async function later(call: () => void): Promise<void> {
  await nothing();
  call();
}
