import { TextDecoder, TextEncoder } from '@exodus/bytes/encoding-lite.js';
import { inspect } from 'node-inspect-extracted';

function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Blob) return part.peek();
  if (part instanceof ArrayBuffer) return new Uint8Array(part.slice(0));
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice();
  return new TextEncoder().encode(String(part));
}

/** Bytes that do not change. */
export class Blob {
  readonly #bytes: Uint8Array;
  readonly type: string;

  constructor(parts: Iterable<unknown> = [], options: { readonly type?: string } = {}) {
    const chunks = Array.from(parts, bytesOf);
    this.#bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of chunks) {
      this.#bytes.set(chunk, at);
      at += chunk.length;
    }
    this.type = (options.type ?? '').toLowerCase();
  }

  /** Returns its bytes themselves. */
  peek(): Uint8Array {
    return this.#bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  slice(start?: number, end?: number, type?: string): Blob {
    return new Blob([this.#bytes.slice(start, end)], type === undefined ? {} : { type });
  }

  async arrayBuffer(): Promise<ArrayBufferLike> {
    return this.#bytes.slice().buffer;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice();
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#bytes);
  }

  stream(): unknown {
    const bytes = this.#bytes.slice();
    const ReadableStream: unknown = Reflect.get(globalThis, 'ReadableStream');
    if (typeof ReadableStream !== 'function') throw new Error('there are no streams');
    return Reflect.construct(ReadableStream, [
      {
        start(controller: { enqueue(chunk: Uint8Array): void; close(): void }) {
          if (bytes.length > 0) controller.enqueue(bytes);
          controller.close();
        },
      },
    ]);
  }

  [inspect.custom](_depth: number, options: object): string {
    return `${this.constructor.name} ${inspect({ size: this.size, type: this.type }, options)}`;
  }
}

export class File extends Blob {
  readonly name: string;
  readonly lastModified: number;

  constructor(
    parts: Iterable<unknown>,
    name: string,
    options: { readonly type?: string; readonly lastModified?: number } = {},
  ) {
    super(parts, options);
    this.name = name;
    this.lastModified = options.lastModified ?? Date.now();
  }
}
