import { Proxy } from 'node-inspect-extracted';
import { TextDecoder, TextEncoder } from '@exodus/bytes/encoding-lite.js';
import loadClone from 'lazy:../web/structured-clone.ts';
import loadChannel from 'lazy:../web/message-channel.ts';
import loadStreams from 'lazy:../web/streams.ts';
import loadUrl from 'lazy:../web/url.ts';
import loadBuffer from 'lazy:../node/buffer.ts';
import { CONSTANT } from '../../src/runtimes/javascript/source/constants.ts';
import { IMPORT, IMPORT_META, IMPORT_SYNC } from '../../src/runtimes/javascript/source/prepare-program.ts';
import { createBuiltins } from '../modules/builtins.ts';
import { createLoader, type LoaderParts } from '../modules/loader.ts';
import { locateOwnFile, MAIN_PATH } from '../modules/own-files.ts';
import { createModuleModule } from '../node/module.ts';
import { process } from '../node/process.ts';
import type { Timers } from '../shared/timers.ts';
import { AbortController, AbortSignal } from '../web/abort.ts';
import { webcrypto } from '../web/crypto.ts';
import { DOMException } from '../web/dom-exception.ts';
import { CustomEvent, Event, EventTarget } from '../web/events.ts';
import { performance } from '../web/performance.ts';
import { createConsole } from './console.ts';

type Load = () => Readonly<Record<string, unknown>>;

/** Globals that are loaded when a program first uses them. */
const LAZY: readonly (readonly [Load, readonly string[]])[] = [
  [loadUrl, ['URL', 'URLSearchParams']],
  [loadBuffer, ['Buffer']],
  [() => objectOf(loadBuffer()['buffer']), ['Blob', 'File', 'atob', 'btoa']],
  [loadClone, ['structuredClone']],
  [loadChannel, ['MessageChannel', 'MessagePort']],
  [
    loadStreams,
    ['ReadableStream', 'WritableStream', 'TransformStream', 'CountQueuingStrategy', 'ByteLengthQueuingStrategy'],
  ],
];

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

/** Memory that no limit counts, and threads that there are none of. */
const REMOVED = ['WebAssembly', 'SharedArrayBuffer', 'Atomics'];

/** Defines what a program finds around it: console, process, require and the like. */
export function defineGlobals(timers: Timers, locate: LoaderParts['locate']): void {
  const console = createConsole();
  const builtins = createBuiltins({
    console: () => console,
    module: () => createModuleModule((path) => loader.requireFrom(path), builtins.names),
  });
  const loader = createLoader({ builtins, locate, locateOwn: locateOwnFile, mainPath: MAIN_PATH });
  const { require } = loader;
  const main = {
    id: '.',
    path: '/work',
    filename: MAIN_PATH,
    exports: {},
    loaded: false,
    children: [],
    paths: [],
    require,
  };
  require.main = main;

  const meta = Object.freeze({
    url: `file://${MAIN_PATH}`,
    filename: MAIN_PATH,
    dirname: '/work',
    main: true,
    resolve: require.resolve,
  });
  for (const [name, value] of Object.entries({
    [IMPORT]: loader.importModule,
    [IMPORT_SYNC]: loader.importSync,
    [IMPORT_META]: meta,
  })) {
    Object.defineProperty(globalThis, name, { value });
  }
  Object.defineProperty(globalThis, CONSTANT, { get: () => undefined, set: refuseAssignment });

  const crypto = webcrypto;
  // What this Proxy makes, the inspector knows for what it is and does not set off its traps.
  define({
    ...timers.functions,
    require,
    module: main,
    exports: main.exports,
    __filename: MAIN_PATH,
    __dirname: '/work',
  });
  define({ console, process, performance, crypto, Proxy, TextEncoder, TextDecoder });
  define({ AbortController, AbortSignal, Event, EventTarget, CustomEvent, DOMException, global: globalThis });
  for (const [load, names] of LAZY) for (const name of names) defineLazy(name, () => load()[name]);
  for (const name of REMOVED) Reflect.deleteProperty(globalThis, name);
}

/** As Node has them: a program may replace them, and they are no part of what it lists. */
function define(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

function defineLazy(name: string, load: () => unknown): void {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: false,
    get: () => {
      const value = load();
      define({ [name]: value });
      return value;
    },
    set(value: unknown) {
      define({ [name]: value });
    },
  });
}

function refuseAssignment(): never {
  throw new TypeError('Assignment to constant variable.');
}
