import { isDeepJson } from '@toolmesh/shared/kit/json/depth';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { Ollama } from 'ollama';
import { z } from 'zod';
import type { BoundedCache } from '../bounded-cache.ts';
import type { Exchange, OpenExchange } from '../exchange.ts';
import { endedEarly, exchangeError, garbage, statusError } from '../provider-errors.ts';

/** An Ollama server, reached by its native API. */
export interface OllamaServer {
  readonly host: string;
  readonly open: OpenExchange;
  /** The descriptions of models, by name. */
  readonly models: BoundedCache<OllamaModelInfo>;
}

/** The description of a model by `/api/show`; fields are undefined where the server is too old to give them. */
export interface OllamaModelInfo {
  /** `completion`, `tools`, `thinking`, `vision`, `embedding` and others. */
  readonly capabilities: ReadonlySet<string> | undefined;
  /** The most tokens that the model was made for. */
  readonly contextLength: number | undefined;
}

export const OLLAMA = 'The Ollama server';
/** A server that loads a model still answers this at once. */
const PROBE_MS = 2_000;
const PROBE_AGAIN_MS = 5_000;

/** Lists a server's models. @throws MeshError when there is no Ollama. */
export function ollamaModels(server: OllamaServer, signal: AbortSignal): Promise<readonly string[]> {
  return withExchange(server, { signal }, async (exchange) => {
    const { models } = await clientFor(server.host, exchange).list();
    const named = z.array(z.object({ name: z.string() })).safeParse(models);
    if (!named.success) throw garbage(OLLAMA, named.error);
    return named.data.map(({ name }) => name);
  });
}

const Shown = z.object({
  capabilities: z.array(z.string()).nullish().catch(undefined),
  model_info: z.record(z.string(), z.unknown()).nullish().catch(undefined),
});

/** Returns the description of a model, read again from time to time. */
export async function ollamaModelInfo(
  server: OllamaServer,
  model: string,
  signal: AbortSignal,
): Promise<OllamaModelInfo> {
  const known = server.models.get(model);
  if (known !== undefined) return known;
  try {
    const info = await withExchange(server, { signal, totalMs: PROBE_MS }, (exchange) => show(server, model, exchange));
    server.models.set(model, info);
    return info;
  } catch {
    signal.throwIfAborted();
    // The fault will show when the model is asked; until then the server is not probed again.
    const unknown = { capabilities: undefined, contextLength: undefined };
    server.models.set(model, unknown, PROBE_AGAIN_MS);
    return unknown;
  }
}

async function show({ host }: OllamaServer, model: string, exchange: Exchange): Promise<OllamaModelInfo> {
  const { capabilities, model_info } = Shown.parse(await clientFor(host, exchange).show({ model }));
  const length = Object.entries(model_info ?? {}).find(([key]) => key.endsWith('.context_length'))?.[1];
  return {
    capabilities: capabilities ? new Set(capabilities) : undefined,
    contextLength: typeof length === 'number' && length > 0 ? length : undefined,
  };
}

/** Runs `task` as one exchange. @throws MeshError, or what `signal` was aborted with */
async function withExchange<T>(
  server: OllamaServer,
  { signal, totalMs }: { readonly signal: AbortSignal; readonly totalMs?: number },
  task: (exchange: Exchange) => Promise<T>,
): Promise<T> {
  const exchange = server.open(signal, totalMs);
  try {
    return await task(exchange);
  } catch (error) {
    exchange.signal.throwIfAborted();
    throw translateOllamaError(error, server);
  } finally {
    exchange.end();
  }
}

/**
 * One client per request: ollama-js cannot abort a request before its first byte
 * (https://github.com/ollama/ollama-js/issues/131), a fetch with a signal of our own can. Refusals are read here, too,
 * with their Retry-After, and lines are checked: ollama-js would print both to standard error, answers included.
 */
export function clientFor(host: string, exchange: Exchange): Ollama {
  return new Ollama({
    host,
    fetch: async (input, init) => {
      const response = await exchange.fetch(input, init);
      if (!response.ok) {
        const detail = errorText(await response.text());
        throw statusError(OLLAMA, {
          status: response.status,
          detail,
          retryAfter: response.headers.get('retry-after'),
        });
      }
      const url = input instanceof Request ? input.url : String(input);
      if (!url.endsWith('/api/chat') || response.body === null) return response;
      return new Response(ReadableStream.from(wholeLines(response.body)), { headers: response.headers });
    },
  });
}

/** `{"error": "..."}` from Ollama, anything from what stands before it. */
function errorText(body: string): string {
  return z.object({ error: z.string() }).safeParse(parseJson(body)).data?.error ?? body;
}

/** The lines of a body that have something in them, each whole and each JSON. @throws SyntaxError */
async function* wholeLines(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let pieces: string[] = [];
  const toBytes = (line: string): Uint8Array => {
    if (isDeepJson(line)) throw new MeshError('upstream_failed', `${OLLAMA} sent an answer that is nested too deep`);
    JSON.parse(line);
    return encoder.encode(`${line}\n`);
  };
  for await (const bytes of body) {
    const [head = '', ...lines] = decoder.decode(bytes, { stream: true }).split('\n');
    pieces.push(head);
    for (const next of lines) {
      const line = pieces.join('');
      pieces = [next];
      if (line.trim() !== '') yield toBytes(line);
    }
  }
  const last = pieces.join('') + decoder.decode();
  if (last.trim() !== '') yield toBytes(last);
}

export function translateOllamaError(error: unknown, { host }: OllamaServer): MeshError {
  if (error instanceof MeshError) return error;
  if (Error.isError(error) && error.message.startsWith('Did not receive done')) return endedEarly(OLLAMA, error);
  if (Error.isError(error) && error.name === 'Error' && error.cause === undefined && !('code' in error)) {
    // An error line in the middle of an answer, which ollama-js throws as it stands.
    return new MeshError('upstream_failed', `${OLLAMA} failed: ${error.message.slice(0, 300)}`, { cause: error });
  }
  return exchangeError(OLLAMA, host, error);
}
