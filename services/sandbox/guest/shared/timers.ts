/** The callback of a timer, with any arguments. */
export type TimerCallback = (...args: unknown[]) => unknown;

const MAX_DELAY = 2 ** 31 - 1;

/** A timer, as Node hands it out. */
export class Timeout {
  readonly #start: (timer: Timeout) => void;
  /** The number that the owner of the isolate knows it by. */
  key = 0;
  readonly callback: TimerCallback;
  readonly args: readonly unknown[];
  readonly delay: number;
  readonly repeats: boolean;
  isKept = true;

  constructor(given: {
    readonly callback: TimerCallback;
    readonly delay: number;
    readonly args: readonly unknown[];
    readonly repeats: boolean;
    readonly start: (timer: Timeout) => void;
  }) {
    this.callback = given.callback;
    this.delay = given.delay;
    this.args = given.args;
    this.repeats = given.repeats;
    this.#start = given.start;
  }

  /** Lets the program wait for it. */
  ref(): this {
    this.isKept = true;
    return this;
  }

  /** Lets the program end without it. */
  unref(): this {
    this.isKept = false;
    return this;
  }

  hasRef(): boolean {
    return this.isKept;
  }

  refresh(): this {
    this.#start(this);
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.key;
  }
}

/** Timers of programs, which a bare isolate lacks. */
export interface Timers {
  readonly functions: TimerFunctions;
  /** Returns true when nothing is pending that the program waits for. */
  isIdle(): boolean;
  /** Forgets what is pending. */
  clear(): void;
  /** Calls a timer whose time has come. */
  fire(id: number): void;
}

export type TimerFunctions = ReturnType<typeof timerFunctions>;

interface TimerOwner {
  /** Asks the owner of the isolate to call `fire` later. */
  readonly schedule: (id: number, ms: number) => void;
  /** Receives what a callback throws. */
  readonly onError: (error: unknown) => void;
}

export function createTimers({ schedule, onError }: TimerOwner): Timers {
  /** By the number that the owner knows: a timer that is refreshed gets another one. */
  const pending = new Map<number, Timeout>();
  let lastId = 0;

  const arm = (timer: Timeout) => {
    pending.delete(timer.key);
    lastId += 1;
    timer.key = lastId;
    pending.set(lastId, timer);
    schedule(lastId, timer.delay);
  };
  const disarm = (timer: unknown) => {
    if (timer instanceof Timeout) pending.delete(timer.key);
    else if (typeof timer === 'number' || typeof timer === 'string') pending.delete(Number(timer));
  };
  const begin = (callback: unknown, ms: unknown, { args, repeats }: { args: readonly unknown[]; repeats: boolean }) => {
    if (!isCallback(callback)) throw invalidCallback(callback);
    const delay = Math.min(Math.max(1, Number(ms) || 1), MAX_DELAY);
    const timer = new Timeout({ callback, delay, args, repeats, start: arm });
    arm(timer);
    return timer;
  };

  return {
    functions: timerFunctions(begin, disarm, onError),
    isIdle: () => pending.values().every(({ isKept }) => !isKept),
    clear: () => pending.clear(),
    fire(id) {
      const timer = pending.get(id);
      if (timer === undefined) return;
      if (timer.repeats) schedule(id, timer.delay);
      else pending.delete(id);
      try {
        timer.callback(...timer.args);
      } catch (error) {
        onError(error);
      }
    },
  };
}

type Begin = (callback: unknown, ms: unknown, rest: { args: readonly unknown[]; repeats: boolean }) => Timeout;

function timerFunctions(begin: Begin, clear: (timer: unknown) => void, onError: (error: unknown) => void) {
  return {
    setTimeout: (callback: unknown, ms?: unknown, ...args: unknown[]) => begin(callback, ms, { args, repeats: false }),
    setInterval: (callback: unknown, ms?: unknown, ...args: unknown[]) => begin(callback, ms, { args, repeats: true }),
    setImmediate: (callback: unknown, ...args: unknown[]) => begin(callback, 0, { args, repeats: false }),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    queueMicrotask: (callback: unknown) => {
      if (!isCallback(callback)) throw invalidCallback(callback);
      Promise.resolve()
        .then(() => callback())
        .catch(onError);
    },
  };
}

const isCallback = (value: unknown): value is TimerCallback => typeof value === 'function';

const invalidCallback = (value: unknown): TypeError =>
  Object.assign(new TypeError(`The "callback" argument must be of type function. Received ${typeof value}`), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
