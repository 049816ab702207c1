import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { checkInput, MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createEventStream } from '@toolmesh/shared/kit/http/sse';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { DEFAULT_MODEL, ModelList } from '@toolmesh/shared/contracts/models';
import { z } from 'zod';
import type { ChatOrder } from '../chat/chat-order.ts';
import type { RunChat } from '../chat/run-chat.ts';
import type { FoundModel } from '../models/provider.ts';
import { type ChunkOptions, createChunkEncoder, encodeCompletion, openAiError } from '../encoders/openai.ts';
import type { RunEvent } from '../run/events.ts';
import { createRunRecorder, type RunRecorder } from '../run/run-recorder.ts';
import { CompletionRequest, externalToolsOf, samplingOf, toolChoiceOf } from '../decoders/completion-request.ts';
import { modelChoiceOf } from '../decoders/model-choice.ts';
import { readMessages } from '../decoders/read-messages.ts';
import { createStepMemory, type StepMemory } from './step-memory.ts';

export interface OpenAiRouteParts {
  readonly runChat: RunChat;
  readonly listModels: () => Promise<readonly FoundModel[]>;
  /** Steps of one answer: OpenAI's API has no field for them. */
  readonly maxSteps: number;
}

/** The face for OpenAI's clients: `POST /v1/chat/completions`, `GET /v1/models`. */
export function openAiRoutes({ runChat, listModels, maxSteps }: OpenAiRouteParts): readonly Route[] {
  const memory = createStepMemory();
  return [
    defineRoute({
      method: 'get',
      path: '/v1/models',
      summary: 'The models, as OpenAI’s API lists them',
      response: ModelList,
      handle: async () => encodeModels(await listModels()),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/chat/completions',
      summary:
        'OpenAI’s chat completions, whole or streamed; the hub’s tools run here, calls of the caller’s own go back to it',
      input: { body: z.unknown().optional() },
      handle: async ({ body, signal, res }) => {
        try {
          const subject = 'The request’s body is not as expected';
          const request = checkInput(CompletionRequest, body, { code: 'invalid_request', subject });
          await answer(request, { runChat, memory, maxSteps, signal, res });
        } catch (thrown) {
          if (res.headersSent) throw thrown;
          refuse(res, MeshError.from(thrown));
          if (!(thrown instanceof MeshError)) throw thrown;
        }
        return undefined;
      },
    }),
  ];
}

function encodeModels(models: readonly FoundModel[]): ModelList {
  const listed = models.map(({ provider, id, capabilities }) => ({
    id: provider === id ? id : `${provider}/${id}`,
    owned_by: provider,
    ...(capabilities === undefined ? {} : { capabilities: [...capabilities] }),
  }));
  const all = [{ id: DEFAULT_MODEL, owned_by: DEFAULT_MODEL }, ...listed];
  return { object: 'list', data: all.map((model) => ({ ...model, object: 'model', created: 0 })) };
}

/** The parts that an answer is made with. */
interface Answering {
  readonly runChat: RunChat;
  readonly memory: StepMemory;
  readonly maxSteps: number;
  readonly signal: AbortSignal;
  readonly res: ServerResponse;
}

async function answer(
  request: CompletionRequest,
  { runChat, memory, maxSteps, signal, res }: Answering,
): Promise<void> {
  const order: ChatOrder = {
    input: { kind: 'conversation', turns: memory.recall(readMessages(request.messages)) },
    sessionId: undefined,
    ...modelChoiceOf(request.model),
    tools: toolChoiceOf(request),
    maxSteps,
    isSession: false,
    wantsProgress: false,
    externalTools: externalToolsOf(request),
    sampling: samplingOf(request),
    signal,
  };
  await runChat(order, async (chat) => {
    const recorder = createRunRecorder();
    const { model, run_id } = chat.identity;
    const identity = {
      id: `chatcmpl-${randomUUID()}`,
      created: Math.floor(Date.now() / 1_000),
      model: request.model ?? model,
    };
    const events = record(chat.events, recorder);
    res.setHeader('x-run-id', run_id);
    if (request.stream === true) {
      const includeUsage = request.stream_options?.include_usage === true;
      await streamChunks(events, { ...identity, includeUsage }, { res, signal });
    } else sendJson(res, 200, await encodeCompletion(events, identity));
    memory.remember(recorder.record().steps);
  });
}

async function* record(events: AsyncIterable<RunEvent>, recorder: RunRecorder): AsyncGenerator<RunEvent> {
  for await (const event of events) {
    recorder.add(event);
    yield event;
  }
}

/** Opens the stream of a run that is silent for longer, so that no proxy gives it up. */
const OPEN_AFTER_MS = 10_000;

/** Streams a run. A failure before the first chunk becomes a status, which clients act on; a later one a frame. */
async function streamChunks(
  events: AsyncIterable<RunEvent>,
  options: ChunkOptions,
  { res, signal }: Pick<Answering, 'res' | 'signal'>,
): Promise<void> {
  const stream = createEventStream(res, { maxBacklogBytes: Number.POSITIVE_INFINITY });
  const encode = createChunkEncoder(options);
  const timer = setTimeout(stream.open, OPEN_AFTER_MS);
  let failed = false;
  try {
    for await (const event of events) {
      if (event.type === 'finish' && event.error !== undefined) {
        if (!stream.isOpen) throw event.error;
        failed = true;
      }
      stream.sendParts(encode(event));
      await stream.drained(signal);
    }
  } finally {
    clearTimeout(timer);
  }
  stream.end(failed ? undefined : '[DONE]');
}

function refuse(res: ServerResponse, error: MeshError): void {
  if (error.retryAfterSeconds !== undefined) res.setHeader('retry-after', String(Math.ceil(error.retryAfterSeconds)));
  sendJson(res, error.status, openAiError(error));
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  if (res.destroyed) return;
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
