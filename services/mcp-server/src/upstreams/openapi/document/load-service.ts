import { on } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { textOf } from '../request/answer-text.ts';
import { isJson, wrong } from './document.ts';
import { readService, type ServicePart, type ServiceSource } from './read-service.ts';
import type { ReadMessage, ThreadSource } from './read-service-worker.ts';

/** Up to this size JSON is read where the calls are: it takes less than a thread takes to start. */
const SMALL_BYTES = 32 * 1_024;
/** Longest time that reading a small document keeps calls waiting. */
const TURN_MS = 10;
const MIB = 1_024 ** 2;
/** Memory of the thread, in MiB. A document that needs more to be read is one that was made to. */
const HEAP_MB = { usual: 512, large: 1_024 };
const LARGE_BYTES = 16 * MIB;

/**
 * Reads a document part by part, while other calls go on: a large one, which may take seconds, or be made to take hours,
 * in a thread of its own that ends with the signal, and which takes `bytes`.
 * @throws MeshError upstream_failed with the correction to make; what `signal` was aborted with.
 */
export async function* loadService(source: ThreadSource, signal: AbortSignal): AsyncGenerator<ServicePart> {
  signal.throwIfAborted();
  const { bytes, ...rest } = source;
  const text = bytes.length > SMALL_BYTES ? undefined : textOf(Buffer.from(bytes), undefined);
  if (text === undefined || !isJson(text)) return yield* readInThread(source, signal);
  yield* readHere({ ...rest, text }, signal);
}

async function* readHere(source: ServiceSource, signal: AbortSignal): AsyncGenerator<ServicePart> {
  let pausedAt = performance.now();
  for (const part of readService(source, JSON.parse)) {
    yield part;
    if (performance.now() - pausedAt <= TURN_MS) continue;
    await nextTurn();
    signal.throwIfAborted();
    pausedAt = performance.now();
  }
}

async function* readInThread(source: ThreadSource, signal: AbortSignal): AsyncGenerator<ServicePart> {
  const { name, bytes } = source;
  const size = bytes.length;
  const heapMb = size > LARGE_BYTES ? HEAP_MB.large : HEAP_MB.usual;
  const worker = new Worker(new URL('read-service-worker.ts', import.meta.url), {
    workerData: source,
    transferList: [bytes.buffer],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  try {
    // Rejects on the worker's error event.
    for await (const [message] of on(worker, 'message', { signal, close: ['exit'] })) {
      const part: ReadMessage = message;
      if ('done' in part) return;
      if ('refusal' in part) throw new MeshError('upstream_failed', part.refusal);
      yield part;
    }
    throw wrong(name, 'reading its document ended too soon');
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) throw error;
    const isTooMuch = Error.isError(error) && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const needs = `its document, ${megabytes(size)}, needs more than ${heapMb} MiB of memory to be read; save it as JSON, or a part of it`;
    throw wrong(name, isTooMuch ? needs : 'its document cannot be read', error);
  } finally {
    await worker.terminate();
  }
}

/** Returns a size in words. */
export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
