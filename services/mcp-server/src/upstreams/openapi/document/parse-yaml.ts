import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A document that needs more than this to be parsed is one that was made to. */
const MAX_HEAP_MB = 512;

/**
 * Parses YAML in a thread of its own: half a megabyte of it takes a second or more, in which the hub has other things
 * to do.
 * @throws Error for what is no YAML, or has no equivalent in JSON; what `signal` was aborted with.
 */
export async function parseYaml(text: string, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('yaml-worker.ts', import.meta.url), {
    workerData: text,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  try {
    // Rejects on the worker's error event.
    const [json] = await once(worker, 'message', { signal });
    return JSON.parse(String(json));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await worker.terminate();
  }
}
