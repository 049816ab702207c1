// Prelude: timers, which a bare isolate lacks. `schedule(id, ms)` asks the owner to call `fire(id)` later.

/**
 * @param {(id: number, ms: number) => void} schedule
 * @param {(error: unknown) => void} onError receives what a callback throws
 */
function createTimers(schedule, onError) {
  const pending = new Map();
  let lastId = 0;

  const start = (callback, ms, { args, repeat }) => {
    if (typeof callback !== 'function') throw new TypeError('The callback must be a function');
    const delay = Math.min(Math.max(1, Number(ms) || 1), 2 ** 31 - 1);
    lastId += 1;
    pending.set(lastId, { call: () => callback(...args), delay, repeat });
    schedule(lastId, delay);
    return lastId;
  };
  const clear = (id) => void pending.delete(id);

  Object.assign(globalThis, {
    setTimeout: (callback, ms, ...args) => start(callback, ms, { args, repeat: false }),
    setInterval: (callback, ms, ...args) => start(callback, ms, { args, repeat: true }),
    setImmediate: (callback, ...args) => start(callback, 0, { args, repeat: false }),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    queueMicrotask: (callback) => {
      Promise.resolve().then(callback).catch(onError);
    },
  });

  return {
    /** True when no callback is pending. */
    get isIdle() {
      return pending.size === 0;
    },
    /** Nothing that is pending is called. */
    clear: () => pending.clear(),
    fire(id) {
      const timer = pending.get(id);
      if (timer === undefined) return;
      if (timer.repeat) schedule(id, timer.delay);
      else pending.delete(id);
      try {
        timer.call();
      } catch (error) {
        onError(error);
      }
    },
  };
}
