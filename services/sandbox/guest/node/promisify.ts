import { host } from '../shared/host.ts';

type Call = (...args: unknown[]) => unknown;
const isCall = (value: unknown): value is Call => typeof value === 'function';

const custom = Symbol.for('nodejs.util.promisify.custom');

/** Node's util.promisify. */
export const promisify = Object.assign(promisifyCall, { custom });

function promisifyCall(call: unknown): Call {
  if (!isCall(call)) throw new TypeError('The "original" argument must be of type function');
  const own: unknown = Reflect.get(call, custom);
  if (isCall(own)) return own;
  const promised = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    call.apply(this, [...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value))]);
    return promise;
  };
  return Object.defineProperties(promised, {
    [custom]: { value: promised, configurable: true },
    name: { value: call.name, configurable: true },
  });
}

/** Node's util.callbackify. */
export function callbackify(call: (...args: unknown[]) => Promise<unknown>) {
  return function (this: unknown, ...args: unknown[]): void {
    const callback = args.pop();
    if (!isCall(callback)) throw new TypeError('The last argument must be of type function');
    call.apply(this, args).then(
      (value) => host.nextTick(callback, [null, value]),
      (error: unknown) => host.nextTick(callback, [error ?? new Error('the promise was rejected with a falsy value')]),
    );
  };
}

interface Signal {
  readonly aborted: boolean;
  addEventListener(type: string, listener: () => void, options: object): void;
}

/** Resolves when a signal is aborted. */
export function aborted(signal: Signal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
