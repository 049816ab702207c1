import { causeChain, MeshError } from '@toolmesh/shared/kit/faults/errors';
import OpenAI, { APIError } from 'openai';
import { createAnswerText } from '../text/answer-text.ts';
import { z } from 'zod';
import type { Exchange } from '../exchange.ts';
import type { Model, ModelEvent, ModelRequest } from '../model.ts';
import { readOpenAiAnswer } from './openai-answer.ts';
import { describeRefusal, type Refusals, refusedPart } from './openai-refusals.ts';
import { OPENAI, type OpenAiServer } from './openai-server.ts';
import { toOpenAiRequest } from './openai-request.ts';
import { exchangeError, garbage, statusError } from '../provider-errors.ts';

const OPENAI_URL = 'https://api.openai.com/v1';

/** Makes a model of an OpenAI-compatible server. */
export function createOpenAiModel(server: OpenAiServer, model: string): Model {
  return {
    provider: 'openai',
    name: model,
    async *respond(request) {
      const exchange = server.open(request.signal);
      try {
        const { response, refused, notices } = await ask({ server, model, request, exchange });
        yield* notices;
        const toolNames = new Set(request.tools.map(({ name }) => name));
        const text = createAnswerText({ toolNames, isPrompted: refused.has('tools') });
        yield* readOpenAiAnswer({ provider: OPENAI, response, body: exchange.bodyOf(response), text });
      } catch (error) {
        exchange.signal.throwIfAborted();
        throw translate(error, server);
      } finally {
        exchange.end();
      }
    },
    async check(signal) {
      await listOpenAiModels(server, signal);
    },
  };
}

/** Lists the ids of a server's models. @throws MeshError when it does not answer. */
export async function listOpenAiModels(server: OpenAiServer, signal: AbortSignal): Promise<readonly string[]> {
  const exchange = server.open(signal);
  try {
    const { data } = await clientFor(server, exchange).models.list();
    const listed = z.array(z.object({ id: z.string() })).safeParse(data);
    if (!listed.success) throw garbage(OPENAI, listed.error);
    return listed.data.map(({ id }) => id);
  } catch (error) {
    exchange.signal.throwIfAborted();
    throw translate(error, server);
  } finally {
    exchange.end();
  }
}

interface Question {
  readonly server: OpenAiServer;
  readonly model: string;
  readonly request: ModelRequest;
  readonly exchange: Exchange;
}

interface Asked {
  readonly response: Response;
  readonly refused: Refusals;
  readonly notices: readonly ModelEvent[];
}

/** Sends a request. What the server refuses is left out, remembered, and reported by a notice. */
async function ask({ server, model, request, exchange }: Question): Promise<Asked> {
  const client = clientFor(server, exchange);
  const notices: ModelEvent[] = [];
  for (;;) {
    const refused = server.refusals.get(model) ?? new Set<string>();
    const tools = request.tools.filter(({ name }) => !refused.has(`tool:${name}`));
    const body = toOpenAiRequest(model, { ...request, tools }, refused);
    try {
      const response = await client.chat.completions.create(body).asResponse();
      return { response, refused, notices };
    } catch (error) {
      const part = refusedPart(error, { request: { ...request, tools }, body, known: refused });
      if (part === undefined) throw error;
      server.refusals.set(model, new Set([...refused, part]));
      const message = describeRefusal(model, part);
      if (message !== undefined) notices.push({ type: 'notice', code: 'left_out', message });
    }
  }
}

/** Makes an SDK client without timeouts, retries and logs: ours apply, and the SDK would log answers it cannot parse. */
function clientFor({ apiKey, baseUrl }: OpenAiServer, { fetch }: Exchange): OpenAI {
  const timeout = 2 ** 31 - 1;
  return new OpenAI({ apiKey, baseURL: baseUrl ?? null, fetch, maxRetries: 0, timeout, logLevel: 'off' });
}

function translate(error: unknown, { baseUrl = OPENAI_URL }: OpenAiServer): MeshError {
  const own = [...causeChain(error)].find((cause) => cause instanceof MeshError);
  if (own !== undefined) return own;
  if (error instanceof APIError && typeof error.status === 'number') {
    const { headers, message } = error;
    const reported =
      error.error instanceof Object && 'message' in error.error ? String(error.error.message) : undefined;
    // Where there is no error object, the SDK's message is the status and the body.
    const detail = reported ?? message.replace(/^\d{3} (?:status code \(no body\)|<.*)?/s, '');
    const retryAfterMs = Number(headers?.get('retry-after-ms') ?? Number.NaN);
    const retryAfter = retryAfterMs >= 0 ? String(retryAfterMs / 1_000) : headers?.get('retry-after');
    return statusError(OPENAI, { status: error.status, detail, retryAfter });
  }
  return exchangeError(OPENAI, baseUrl, error);
}
