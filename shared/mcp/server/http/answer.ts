import type { Response } from 'express';
import { signalOf } from '../../../kit/http/route.ts';
import { createEventStream, type EventStream } from '../../../kit/http/sse.ts';
import type { ReplyChannel } from '../serve-request.ts';
import type { Accepted } from './accept.ts';

/** The answer to one POST: JSON, or events as soon as there is anything to say before the end. */
export interface HttpAnswer {
  readonly channel: ReplyChannel;
  /** Sends the responses and ends. The form matters to an answer that is JSON. */
  end(texts: readonly string[], form?: JsonForm): void;
}

export interface JsonForm {
  /** Default: 200. */
  readonly status?: number | undefined;
  /** True for the answer to a batch, which is an array. */
  readonly isBatch?: boolean;
}

/** Time after which an answer begins, so that neither client nor proxy takes the silence for an end. */
const BEGIN_AFTER_MS = 10_000;

/** Opens the answer to a request that stands for itself: it ends with its connection. */
export function openAnswer(res: Response, accepted: Accepted): HttpAnswer {
  let stream: EventStream | undefined;
  const open = () => (stream ??= createEventStream(res));
  const timer = accepted.stream ? setTimeout(() => open().open(), BEGIN_AFTER_MS) : undefined;
  return {
    channel: {
      signal: signalOf(res),
      send: accepted.stream ? (text) => open().sendText(text, { event: 'message' }) : undefined,
    },
    end(texts, form) {
      clearTimeout(timer);
      if (res.destroyed) return;
      if (stream === undefined && accepted.json) return sendJson(res, texts, form);
      const events = open();
      for (const text of texts) events.sendText(text, { event: 'message' });
      events.end();
    },
  };
}

/** Answers with JSON. Without any response, as to a request that was cancelled, the answer has no body. */
export function sendJson(
  res: Response,
  texts: readonly string[],
  { status = 200, isBatch = false }: JsonForm = {},
): void {
  if (texts.length === 0) return void res.writeHead(202).end();
  const body = isBatch ? `[${texts.join(',')}]` : texts.join('');
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}
