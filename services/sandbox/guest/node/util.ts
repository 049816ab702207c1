import { parseArgs } from '@pkgjs/parseargs';
import { TextDecoder, TextEncoder } from '@exodus/bytes/encoding-lite.js';
import comparisons from 'assert/build/internal/util/comparisons.js';
import { format, formatWithOptions, inspect, stripVTControlCharacters } from 'node-inspect-extracted';
import types from 'util/support/types.js';
import { host } from '../shared/host.ts';
import { aborted, callbackify, promisify } from './promisify.ts';
import { styleText } from './style-text.ts';

const deprecated = new Set<unknown>();

/** Returns a function that warns once, as Node does. */
function deprecate(call: (...args: unknown[]) => unknown, message: string, code?: string) {
  return function (this: unknown, ...args: unknown[]): unknown {
    if (!deprecated.has(message)) {
      deprecated.add(message);
      host.print(2, `(node) ${code === undefined ? '' : `[${code}] `}DeprecationWarning: ${message}\n`);
    }
    return call.apply(this, args);
  };
}

type Class = { readonly prototype: object };

function inherits(child: Class, parent: Class): void {
  Object.defineProperty(child, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(child.prototype, parent.prototype);
}

const debuglog = () => Object.assign(() => {}, { enabled: false });

/** Node's `util`: the inspector, comparisons and types of libraries, and small parts by hand. */
export const util = {
  inspect,
  format,
  formatWithOptions,
  stripVTControlCharacters,
  isDeepStrictEqual: comparisons.isDeepStrictEqual,
  types: { ...types, isNativeError: Error.isError },
  promisify,
  callbackify,
  aborted,
  deprecate,
  inherits,
  debuglog,
  debug: debuglog,
  parseArgs,
  styleText,
  TextDecoder,
  TextEncoder,
  toUSVString: (text: unknown): string => String(text).toWellFormed(),
  isArray: Array.isArray,
  getSystemErrorName: (code: number): string => `errno ${code}`,
};
