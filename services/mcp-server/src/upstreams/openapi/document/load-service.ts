import { on } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { isJson } from './document.ts';
import { readService, type ServicePart, type ServiceSource } from './read-service.ts';
import type { ReadMessage } from './read-service-worker.ts';

/** Up to this length JSON is read where the calls are: it takes less than a thread takes to start. */
const SMALL_CHARS = 32 * 1_024;
/** Longest time that reading a small document keeps calls waiting. */
const TURN_MS = 10;
/** A document that needs more than this to be read is one that was made to. */
const MAX_HEAP_MB = 512;

/**
 * Reads a document part by part, while other calls go on: a large one, which may take seconds, or be made to take hours,
 * in a thread of its own that ends with the signal.
 * @throws MeshError upstream_failed with the correction to make; what `signal` was aborted with.
 */
export async function* loadService(source: ServiceSource, signal: AbortSignal): AsyncGenerator<ServicePart> {
  signal.throwIfAborted();
  if (source.text.length > SMALL_CHARS || !isJson(source.text)) return yield* readInThread(source, signal);
  let pausedAt = performance.now();
  for (const part of readService(source, JSON.parse)) {
    yield part;
    if (performance.now() - pausedAt <= TURN_MS) continue;
    await nextTurn();
    signal.throwIfAborted();
    pausedAt = performance.now();
  }
}

async function* readInThread(source: ServiceSource, signal: AbortSignal): AsyncGenerator<ServicePart> {
  const worker = new Worker(new URL('read-service-worker.ts', import.meta.url), {
    workerData: source,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  try {
    // Rejects on the worker's error event.
    for await (const [message] of on(worker, 'message', { signal, close: ['exit'] })) {
      const part: ReadMessage = message;
      if ('done' in part) return;
      if ('refusal' in part) throw new MeshError('upstream_failed', part.refusal);
      yield part;
    }
    throw new MeshError('upstream_failed', `${source.name} cannot be used: reading its document ended too soon`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) throw error;
    throw new MeshError('upstream_failed', `${source.name} cannot be used: its document cannot be read`, {
      cause: error,
    });
  } finally {
    await worker.terminate();
  }
}
