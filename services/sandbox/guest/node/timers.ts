import { host } from '../shared/host.ts';

interface WaitOptions {
  readonly signal?: {
    readonly aborted: boolean;
    readonly reason: unknown;
    addEventListener(type: string, listener: () => void, options?: object): void;
  };
  readonly ref?: boolean;
}

const wait = (ms: unknown, value?: unknown, { signal, ref = true }: WaitOptions = {}): Promise<unknown> => {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  if (signal?.aborted === true) return Promise.reject(abortError(signal.reason));
  const timer = host.timers.setTimeout(() => resolve(value), ms);
  if (!ref) timer.unref();
  const abort = () => {
    host.timers.clearTimeout(timer);
    reject(abortError(signal?.reason));
  };
  signal?.addEventListener('abort', abort, { once: true });
  return promise;
};

const abortError = (cause: unknown): Error =>
  Object.assign(new Error('The operation was aborted', { cause }), { name: 'AbortError', code: 'ABORT_ERR' });

/** Node's `timers/promises`. */
export const promises = {
  setTimeout: wait,
  setImmediate: (value?: unknown, options?: WaitOptions) => wait(0, value, options),
  async *setInterval(ms: unknown, value?: unknown, options?: WaitOptions) {
    for (;;) yield await wait(ms, value, options);
  },
  scheduler: { wait: (ms: unknown, options?: WaitOptions) => wait(ms, undefined, options), yield: () => wait(0) },
};

/** Node's `timers`. */
export const timers = {
  get setTimeout() {
    return host.timers.setTimeout;
  },
  get setInterval() {
    return host.timers.setInterval;
  },
  get setImmediate() {
    return host.timers.setImmediate;
  },
  get clearTimeout() {
    return host.timers.clearTimeout;
  },
  get clearInterval() {
    return host.timers.clearInterval;
  },
  get clearImmediate() {
    return host.timers.clearImmediate;
  },
  promises,
};
