import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createEventStream } from '@toolmesh/shared/kit/http/sse';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { ChatOrder } from '../chat/chat-order.ts';
import type { Chat, RunChat } from '../chat/run-chat.ts';
import { ChatAnswer } from '@toolmesh/shared/contracts/chat';
import { encodeJson } from '../encoders/json.ts';
import { createUiEncoder, UI_STREAM_HEADERS } from '../encoders/ui-stream.ts';
import { ChatRequest } from '../decoders/chat-request.ts';
import { chosenModel } from '../decoders/model-choice.ts';

/** `POST /chat`: one answer, however many tool calls it takes; whole, or as it comes. */
export const chatRoute = (runChat: RunChat): Route =>
  defineRoute({
    method: 'post',
    path: '/chat',
    summary: 'Answers a message with the help of tools; streams with stream:true or Accept: text/event-stream',
    input: { body: ChatRequest },
    response: ChatAnswer,
    handle: async ({ body, signal, req, res }) => {
      // The AI SDK's clients say neither, but what set the request off, and can read nothing but a stream.
      const wantsProgress = body.stream ?? (wantsStream(req) || body.trigger !== undefined);
      const order = orderOf(body, wantsProgress, signal);
      if (wantsProgress) return runChat(order, (chat) => streamAnswer(chat, res, signal));
      const answer = await runChat(order, async ({ events, identity }) => {
        res.set('x-run-id', identity.run_id);
        return encodeJson(events, identity);
      });
      if (signal.aborted) throw new MeshError('unavailable', 'The caller went away');
      return answer;
    },
  });

const wantsStream = ({ headers }: IncomingMessage): boolean => headers.accept?.includes('text/event-stream') === true;

const orderOf = (body: z.output<typeof ChatRequest>, wantsProgress: boolean, signal: AbortSignal): ChatOrder => ({
  input: body.input,
  sessionId: body.session_id,
  ...(body.model === undefined
    ? { provider: body.provider, model: undefined }
    : chosenModel(body.provider, body.model)),
  tools: body.tools ?? {},
  maxSteps: body.max_steps,
  isSession: true,
  wantsProgress,
  signal,
});

async function streamAnswer({ events, identity }: Chat, res: ServerResponse, signal: AbortSignal): Promise<undefined> {
  const headers = { ...UI_STREAM_HEADERS, 'x-run-id': identity.run_id };
  const stream = createEventStream(res, { headers, maxBacklogBytes: Number.POSITIVE_INFINITY });
  const encode = createUiEncoder(identity);
  stream.open();
  // Read to the end even when the reader is gone: the run ends by its signal, in order.
  for await (const event of events) {
    stream.sendParts(encode(event));
    await stream.drained(signal);
  }
  stream.end('[DONE]');
  return undefined;
}
