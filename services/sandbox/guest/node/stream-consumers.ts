import { Buffer } from 'buffer/index.js';
import { Blob } from '../web/blob.ts';

async function bufferOf(source: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
  return Buffer.concat(chunks);
}

/** Node's `stream/consumers`. */
export const consumers = {
  buffer: bufferOf,
  text: async (source: AsyncIterable<unknown>) => (await bufferOf(source)).toString(),
  json: async (source: AsyncIterable<unknown>): Promise<unknown> => JSON.parse((await bufferOf(source)).toString()),
  arrayBuffer: async (source: AsyncIterable<unknown>) => new Uint8Array(await bufferOf(source)).buffer,
  blob: async (source: AsyncIterable<unknown>) => new Blob([await bufferOf(source)]),
};
