// Packages without types of their own, as far as the guest uses them; and what the bundler defines.

/** A module that is evaluated when its function is first called (bundle-guest.ts). */
declare module 'lazy:*' {
  const load: () => Readonly<Record<string, unknown>>;
  export default load;
}
declare module 'assert/build/assert.js' {
  const assert: Readonly<Record<string, unknown>>;
  export default assert;
}
declare module 'assert/build/internal/util/comparisons.js' {
  const comparisons: {
    isDeepEqual(a: unknown, b: unknown): boolean;
    isDeepStrictEqual(a: unknown, b: unknown): boolean;
  };
  export default comparisons;
}
declare module 'util/support/types.js' {
  const types: Readonly<Record<string, unknown>>;
  export default types;
}
declare module 'path-browserify' {
  const path: Readonly<Record<string, unknown>> & {
    resolve(...parts: string[]): string;
    relative(from: string, to: string): string;
  };
  export default path;
}
declare module 'punycode/punycode.js' {
  const punycode: Readonly<Record<string, unknown>>;
  export default punycode;
}
declare module 'string_decoder/lib/string_decoder.js' {
  const decoder: { readonly StringDecoder: unknown };
  export default decoder;
}
declare module 'url/url.js' {
  const url: Readonly<Record<string, unknown>>;
  export default url;
}
declare module 'events/events.js' {
  class EventEmitter {
    static defaultMaxListeners: number;
    static readonly EventEmitter: typeof EventEmitter;
    on(name: string | symbol, listener: (...args: unknown[]) => void): this;
    once(name: string | symbol, listener: (...args: unknown[]) => void): this;
    off(name: string | symbol, listener: (...args: unknown[]) => void): this;
    emit(name: string | symbol, ...args: unknown[]): boolean;
    listenerCount(name: string | symbol): number;
    removeAllListeners(name?: string | symbol): this;
  }
  export default EventEmitter;
}
declare module 'readable-stream' {
  class Readable {
    constructor(options?: object);
    on(name: string | symbol, listener: (...args: unknown[]) => void): this;
    once(name: string | symbol, listener: (...args: unknown[]) => void): this;
    emit(name: string | symbol, ...args: unknown[]): boolean;
    push(chunk: unknown): boolean;
    resume(): this;
    pause(): this;
    setEncoding(encoding: string): this;
    destroy(error?: unknown): this;
    [Symbol.asyncIterator](): AsyncIterator<unknown>;
  }
  class Writable {
    constructor(options?: object);
    write(chunk: unknown): boolean;
    end(): this;
  }
  class Transform extends Readable {
    constructor(options?: object);
  }
  const stream: Readonly<Record<string, unknown>> & {
    readonly Readable: typeof Readable;
    readonly Writable: typeof Writable;
    readonly Transform: typeof Transform;
    readonly promises: Readonly<Record<string, unknown>>;
  };
  export default stream;
  export { Readable, Transform, Writable };
}
declare module 'whatwg-url' {
  export const URL: new (
    url: string,
    base?: string,
  ) => {
    href: string;
    readonly origin: string;
    protocol: string;
    username: string;
    password: string;
    host: string;
    hostname: string;
    port: string;
    pathname: string;
    search: string;
    readonly searchParams: object;
    hash: string;
  };
  export const URLSearchParams: new (init?: unknown) => Iterable<[string, string]>;
}

declare module '@pkgjs/parseargs' {
  export const parseArgs: (config?: object) => object;
}
declare module 'tr46/index.js' {
  export const toASCII: unknown;
  export const toUnicode: unknown;
}
declare module 'event-target-shim' {
  export class Event {
    constructor(type: string, options?: object);
    readonly type: string;
  }
  export class EventTarget {
    addEventListener(type: string, listener: (event: Event) => void, options?: object): void;
    removeEventListener(type: string, listener: (event: Event) => void): void;
    dispatchEvent(event: Event): boolean;
  }
}
declare module 'buffer/index.js' {
  /** The class of the package: bytes with encodings. */
  class Buffer extends Uint8Array<ArrayBuffer> {
    static from(data: string, encoding?: string): Buffer;
    static from(data: ArrayBuffer | Iterable<number> | ArrayLike<number>): Buffer;
    static alloc(size: number): Buffer;
    static concat(parts: readonly Uint8Array[]): Buffer;
    static byteLength(data: unknown, encoding?: string): number;
    static isEncoding(name: string): boolean;
    toString(encoding?: string, start?: number, end?: number): string;
    write(text: string, ...rest: readonly unknown[]): number;
  }
  const constants: object;
  const kMaxLength: number;
  const SlowBuffer: unknown;
  export { Buffer, constants, kMaxLength, SlowBuffer };
}
