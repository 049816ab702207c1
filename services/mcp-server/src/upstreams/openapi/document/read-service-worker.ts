import { parentPort, workerData } from 'node:worker_threads';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { parse } from 'yaml';
import { textOf } from '../request/answer-text.ts';
import { isJson } from './document.ts';
import { readService, type ServicePart, type ServiceSource } from './read-service.ts';

/** A message of the thread: a part, the end, or the reason why nothing can be used. */
export type ReadMessage = ServicePart | { readonly done: true } | { readonly refusal: string };

/** The task of the thread: a document, whose bytes it takes. */
export type ThreadSource = Omit<ServiceSource, 'text'> & { readonly bytes: Uint8Array<ArrayBuffer> };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
const post = (message: ReadMessage): void => parentPort?.postMessage(message);

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the hub's own thread sent it
const { bytes, ...source } = workerData as ThreadSource;
// YAML by way of JSON: a value that contains itself is refused here rather than met later.
const parseEither = (text: string): unknown => JSON.parse(isJson(text) ? text : JSON.stringify(parse(text)));
try {
  const text = textOf(Buffer.from(bytes.buffer), undefined);
  for (const part of readService({ ...source, text }, parseEither)) post(part);
  post({ done: true });
} catch (error) {
  if (!(error instanceof MeshError)) throw error;
  post({ refusal: error.message });
}
