/** A pool, as far as its warm workers matter to the others. */
export interface WarmPool {
  /** Workers that are idle, or start without a caller who waits for them. */
  warm(): number;
  /** Workers that are idle. */
  idle(): number;
  /** Workers that it wants to have warm besides those. */
  lacks(): number;
  /** Starts one worker. */
  start(): void;
  /** Ends its oldest idle worker. */
  shed(): void;
}

/** The place of one pool among all. */
export interface WarmMember {
  /** Notes that a caller of the pool has come. */
  used(): void;
  /** Ends idle workers of other pools until there is room for one that a caller waits for. */
  makeRoom(): void;
  /** Returns true while there is room for one more warm worker. */
  hasRoom(): boolean;
  leave(): void;
}

/** Shares the places that no program needs among the pools that keep workers warm. */
export interface WarmWorkers {
  join(pool: WarmPool): WarmMember;
  /** Says that places may have become free, or pools may have fewer workers: they are looked at a moment later. */
  changed(): void;
  close(): void;
}

export interface WarmWorkersOptions {
  /** Most workers of all pools together: those of programs, and warm ones. */
  readonly max: number;
  /** Returns how many programs run. */
  readonly running: () => number;
}

/** Starting a process blocks for some milliseconds: not while the program that took its worker runs or is answered. */
const REFILL_DELAY_MS = 20;
/** Once places were short, only pools with callers of late warm workers up, or they would end each other's for ever. */
const PRESSURE_MS = 5_000;

export function createWarmWorkers({ max, running }: WarmWorkersOptions): WarmWorkers {
  /** The last use of each pool, the least recent first. */
  const pools = new Map<WarmPool, number>();
  let pressedUntil = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let isClosed = false;

  const free = (): number => [...pools.keys()].reduce((left, pool) => left - pool.warm(), max - running());

  const makeRoom = (): void => {
    while (free() < 0) {
      const victim = [...pools.keys()].find((pool) => pool.idle() > 0);
      if (victim === undefined) return;
      pressedUntil = performance.now() + PRESSURE_MS;
      victim.shed();
    }
  };

  const fill = (): void => {
    dueAt = Number.POSITIVE_INFINITY;
    makeRoom();
    const now = performance.now();
    const isPressed = now < pressedUntil;
    const wanting = [...pools].filter(([, usedAt]) => !isPressed || now - usedAt < PRESSURE_MS);
    for (let left = free(); left > 0; left -= 1) {
      const next = neediest(wanting);
      if (next === undefined) break;
      next.start();
    }
    if (isPressed) lookAfter(pressedUntil - now);
  };

  const lookAfter = (ms: number): void => {
    const at = performance.now() + ms;
    if (isClosed || dueAt <= at) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(fill, ms).unref();
  };

  const changed = (): void => lookAfter(REFILL_DELAY_MS);

  return {
    join(pool) {
      pools.set(pool, Number.NEGATIVE_INFINITY);
      changed();
      return {
        used: () => {
          pools.delete(pool);
          pools.set(pool, performance.now());
        },
        makeRoom,
        hasRoom: () => free() > 0,
        leave: () => void pools.delete(pool),
      };
    },
    changed,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Returns the pool that has fewest workers of those that want more; of equal ones the most recently used. */
function neediest(pools: readonly (readonly [WarmPool, number])[]): WarmPool | undefined {
  let best: readonly [WarmPool, number] | undefined;
  for (const [pool, usedAt] of pools) {
    if (pool.lacks() <= 0) continue;
    const isColder = best === undefined || pool.warm() < best[0].warm();
    if (isColder || (pool.warm() === best?.[0].warm() && usedAt > best[1])) best = [pool, usedAt];
  }
  return best?.[0];
}
