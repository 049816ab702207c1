import { host } from '../shared/host.ts';
import { closeStdin, files, stdinDescriptor } from './file-tree.ts';

type Call = (...args: unknown[]) => unknown;
const isCall = (value: unknown): value is Call => typeof value === 'function';

const OUTPUTS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [1, 1],
  [2, 2],
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);
const WRITES = /^(write|append)/;

/** Calls a function of memfs with the descriptors that every program has: 0 is its input, 1 and 2 are its output. */
function withDescriptors(name: string, call: Call): Call {
  return (...args) => {
    const output = WRITES.test(name) ? OUTPUTS.get(args[0]) : undefined;
    if (output !== undefined) return writeOutput(output, name, args);
    if (args[0] === 0) return call(...args.with(0, stdinDescriptor()));
    return call(...args);
  };
}

function writeOutput(fd: number, name: string, args: readonly unknown[]): unknown {
  const data = args[1];
  const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : String(data);
  host.print(fd, bytes);
  const callback = args.at(-1);
  if (isCall(callback)) host.nextTick(callback, [null, bytes.length, data]);
  return name.endsWith('Sync') && !name.includes('File') ? bytes.length : undefined;
}

function wrapAll(source: object): Record<string, unknown> {
  const wrapped: Record<string, unknown> = {};
  for (let at: object | null = source; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name.startsWith('_') || name === 'constructor' || name in wrapped) continue;
      const value: unknown = Reflect.get(source, name);
      const isFunction = isCall(value) && !/^[A-Z]/.test(name);
      wrapped[name] = isFunction ? withDescriptors(name, (...args) => Reflect.apply(value, source, args)) : value;
    }
  }
  return wrapped;
}

/** Node's `fs/promises`, over memory. */
export const promises = wrapAll(files.promises);

/** Node's `fs`, over memory: sync, with callbacks, with promises and as streams. */
export const fs = { ...wrapAll(files), promises };
export { closeStdin };
