import EventEmitter from 'events/events.js';

/** EventEmitter of `events`, with what Node has added to it since. */
export const events = Object.assign(EventEmitter, {
  on: (emitter: EventEmitter, name: string | symbol, options: { readonly signal?: AbortSignalLike } = {}) =>
    createIterator(emitter, name, options.signal),
  listenerCount: (emitter: EventEmitter, name: string | symbol) => emitter.listenerCount(name),
  setMaxListeners: (): void => {},
  getMaxListeners: (): number => EventEmitter.defaultMaxListeners,
  errorMonitor: Symbol('events.errorMonitor'),
  captureRejectionSymbol: Symbol.for('nodejs.rejection'),
});

interface AbortSignalLike {
  addEventListener(type: string, listener: () => void): void;
  readonly reason: unknown;
}

/** Returns the arguments of each event, in order, as an async iterator. */
function createIterator(emitter: EventEmitter, name: string | symbol, signal: AbortSignalLike | undefined) {
  const ready: unknown[][] = [];
  const waiting: { resolve: (result: IteratorResult<unknown[]>) => void; reject: (error: unknown) => void }[] = [];
  let failure: { readonly error: unknown } | undefined;
  const onEvent = (...args: unknown[]) => {
    const next = waiting.shift();
    if (next === undefined) ready.push(args);
    else next.resolve({ value: args, done: false });
  };
  const onError = (error: unknown) => {
    failure = { error };
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  emitter.on(name, onEvent);
  if (name !== 'error') emitter.on('error', onError);
  signal?.addEventListener('abort', () => onError(signal.reason));
  return {
    next: (): Promise<IteratorResult<unknown[]>> => {
      const value = ready.shift();
      if (value !== undefined) return Promise.resolve({ value, done: false });
      if (failure !== undefined) return Promise.reject(failure.error);
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<unknown[]>>();
      waiting.push({ resolve, reject });
      return promise;
    },
    return: (): Promise<IteratorResult<unknown[]>> => {
      emitter.off(name, onEvent);
      emitter.off('error', onError);
      for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
