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

/** A model of such a server. One answer per call; retries are the caller's. */
export function createOpenAiModel(server: OpenAiServer, model: string): Model {
  return {
    provider: 'openai',
    name: model,
    async *respond(request) {
      const exchange = server.open(request.signal);
      try {
        const { response, refused, notices } = await ask(server, model, request, exchange);
        yield* notices;
        const toolNames = new Set(request.tools.map(({ name }) => name));
        const text = createAnswerText({ toolNames, isPrompted: refused.has('tools') });
        yield* readOpenAiAnswer(OPENAI, response, exchange.bodyOf(response), text);
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

/** The models that a server has, by their ids. @throws MeshError when it does not say. */
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

interface Asked {
  readonly response: Response;
  readonly refused: Refusals;
  readonly notices: readonly ModelEvent[];
}

/** Sends a request; what the server refuses is left out, remembered, and said. */
async function ask(server: OpenAiServer, model: string, request: ModelRequest, exchange: Exchange): Promise<Asked> {
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
      const part = refusedPart(error, { ...request, tools }, body, refused);
      if (part === undefined) throw error;
      server.refusals.set(model, new Set([...refused, part]));
      const message = describeRefusal(model, part);
      if (message !== undefined) notices.push({ type: 'notice', code: 'left_out', message });
    }
  }
}

/** Our clocks and our retries are the only ones. The SDK would log what a model says when it cannot be parsed. */
function clientFor({ apiKey, baseUrl }: OpenAiServer, { fetch }: Exchange): OpenAI {
  const timeout = 2 ** 31 - 1;
  return new OpenAI({ apiKey, baseURL: baseUrl ?? null, fetch, maxRetries: 0, timeout, logLevel: 'off' });
}

function translate(error: unknown, { baseUrl = OPENAI_URL }: OpenAiServer): MeshError {
  const own = [...causeChain(error)].find((cause) => cause instanceof MeshError);
  if (own !== undefined) return own;
  if (error instanceof APIError && typeof error.status === 'number') {
    const { headers, message } = error;
    const told = error.error instanceof Object && 'message' in error.error ? String(error.error.message) : undefined;
    // Where there is no error object, the SDK's message is the status and the body.
    const detail = told ?? message.replace(/^\d{3} (?:status code \(no body\)|<.*)?/s, '');
    const retryAfterMs = Number(headers?.get('retry-after-ms') ?? Number.NaN);
    const retryAfter = retryAfterMs >= 0 ? String(retryAfterMs / 1_000) : headers?.get('retry-after');
    return statusError(OPENAI, error.status, detail, retryAfter);
  }
  return exchangeError(OPENAI, baseUrl, error);
}
