import { TextDecoder, TextEncoder } from '@exodus/bytes/encoding-lite.js';
import { AbortController } from '../web/abort.ts';

type Call = (...args: unknown[]) => unknown;

interface Owner {
  readonly randomBytes: (count: number) => ArrayBuffer;
  readonly timers: Readonly<Record<string, Call | ((...args: never[]) => unknown)>>;
}

const nothing = (): void => {};

/** A name that is enough for Pyodide. */
class Address {
  readonly href: string;

  constructor(href: unknown) {
    this.href = String(href);
  }

  toString(): string {
    return this.href;
  }
}

/** Defines the globals that Pyodide asks for. */
export function defineEnvironment({ randomBytes, timers }: Owner): void {
  const startedAt = Date.now();
  const read = () => {
    throw new Error('there are no files here');
  };
  Object.assign(globalThis, {
    // Pyodide detects where it runs: `read` and `load` make it take us for a plain JavaScript shell.
    self: globalThis,
    read,
    load: read,
    console: { log: nothing, info: nothing, warn: nothing, error: nothing, debug: nothing, trace: nothing },
    performance: { timeOrigin: startedAt, now: () => Date.now() - startedAt },
    crypto: {
      getRandomValues(view: ArrayBufferView) {
        const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        bytes.set(new Uint8Array(randomBytes(bytes.length)));
        return view;
      },
    },
    URL: Address,
    AbortController,
    TextDecoder,
    TextEncoder,
    ...timers,
  });
  settleAtOnce();
}

/** The interface of WebAssembly, which no library of the language's types declares. */
interface WebAssemblyNamespace {
  readonly Module: new (bytes: unknown) => object;
  readonly Instance: new (module: object, imports: unknown) => object;
  [name: string]: unknown;
}

const isWebAssembly = (value: unknown): value is WebAssemblyNamespace =>
  typeof value === 'object' && value !== null && 'Module' in value && 'Instance' in value;

/** The promises of the asynchronous forms settle on a thread that a bare isolate does not have. */
function settleAtOnce(): void {
  const namespace: unknown = Reflect.get(globalThis, 'WebAssembly');
  if (!isWebAssembly(namespace)) throw new Error('there is no WebAssembly');
  const { Module, Instance } = namespace;
  namespace['compile'] = async (bytes: unknown) => new Module(bytes);
  namespace['instantiate'] = async (source: unknown, imports: unknown) => {
    if (source instanceof Module) return new Instance(source, imports);
    const module = new Module(source);
    return { module, instance: new Instance(module, imports) };
  };
  delete namespace['instantiateStreaming'];
  delete namespace['compileStreaming'];
}
