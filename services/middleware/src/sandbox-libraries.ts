import { createHttpClient } from '@toolmesh/shared/kit/http/client';
import { z } from 'zod';

const TIMEOUT_MS = 1_000;
const timeouts = { connectMs: TIMEOUT_MS, idleMs: TIMEOUT_MS, totalMs: TIMEOUT_MS };

const SandboxHealth = z.object({
  service: z.literal('sandbox'),
  python_layer: z.object({ state: z.string(), percent: z.number() }).optional(),
});

/**
 * Asks the sandbox how far the libraries of its programs are. Returns undefined when they are not being built, or no
 * sandbox answers there: nothing but a line on the page depends on it.
 */
export function createSandboxLibraries(baseUrl: string): () => Promise<number | undefined> {
  const client = createHttpClient({ name: 'The sandbox', baseUrl, headers: {}, timeouts });
  return async () => {
    try {
      const { python_layer: layer } = await client.get('/health', {
        answer: SandboxHealth,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return layer?.state === 'building' ? layer.percent : undefined;
    } catch {
      return undefined;
    }
  };
}
