// What libraries take for globals, under the same names: the bundler puts these in the place of the free names in all
// code of the guest. A program can give its own variables such names without breaking what runs beside it.
import { host } from '../shared/host.ts';

type Call = (...args: unknown[]) => unknown;

export const setTimeout: Call = (...args) => host.timers.setTimeout(args[0], args[1], ...args.slice(2));
export const setInterval: Call = (...args) => host.timers.setInterval(args[0], args[1], ...args.slice(2));
export const setImmediate: Call = (...args) => host.timers.setImmediate(args[0], ...args.slice(1));
export const clearTimeout = (timer: unknown): void => host.timers.clearTimeout(timer);
export const clearInterval = (timer: unknown): void => host.timers.clearInterval(timer);
export const clearImmediate = (timer: unknown): void => host.timers.clearImmediate(timer);
export const queueMicrotask = (callback: () => void): void => host.timers.queueMicrotask(callback);

/** The least of `process` that libraries ask for. */
export const process = {
  env: {},
  argv: ['node'],
  browser: true,
  version: 'v24.0.0',
  versions: { node: '24.0.0' },
  platform: 'linux',
  cwd: (): string => '/work',
  umask: (): number => 0o022,
  nextTick: (callback: Call, ...args: unknown[]): void => host.nextTick(callback, args),
  emitWarning: (): void => {},
};

/** Libraries ask what it is like; there is none in an isolate (memory that no limit counts). */
export class SharedArrayBuffer {
  readonly isStandIn = true;
  get byteLength(): number {
    return 0;
  }
  get growable(): boolean {
    return false;
  }
}
