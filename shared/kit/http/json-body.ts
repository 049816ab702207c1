import type { IncomingMessage } from 'node:http';
import { json, type RequestHandler } from 'express';
import { isDeepJson, MAX_JSON_DEPTH } from '../json/depth.ts';
import { mayHoldLargeNumbers, parseExact } from '../json/exact-json.ts';

/** The refusal of a body before it is parsed; `type` marks it as body-parser marks its own. */
export class BodyRefusal extends Error {
  readonly type = 'json.refused';
}

export interface JsonBodyOptions {
  /** Reads bodies of every type, for a handler that judges the type itself. Default: those of JSON's types. */
  readonly isAnyType?: boolean;
}

/** Leaves a byte order mark out, as the parser of Express does. */
const UTF8 = new TextDecoder();

/** The longest silence between two pieces of a body. */
export const BODY_IDLE_MS = 15_000;

/**
 * Returns the handler that reads JSON bodies into `req.body`, with exact numbers. A body of another type is left
 * unread; the connection of one that stops arriving is closed.
 * @throws BodyRefusal for one of too many levels, and what body-parser throws
 */
export function jsonBody(maxBodyBytes: number, { isAnyType = false }: JsonBodyOptions = {}): RequestHandler {
  const large = new WeakMap<IncomingMessage, string>();
  const read = json({
    limit: maxBodyBytes,
    // oxlint-disable-next-line eslint/max-params -- body-parser's four parameters
    verify: (req, _res, body, charset) => {
      checkJson(body, charset);
      if (mayHoldLargeNumbers(body)) large.set(req, UTF8.decode(body));
    },
    ...(isAnyType ? { type: () => true } : {}),
  });
  return (req, res, next) => {
    const { socket } = req;
    socket.setTimeout(BODY_IDLE_MS);
    read(req, res, (error?: unknown) => {
      socket.setTimeout(0);
      const text = large.get(req);
      // The parser of Express has accepted it.
      if (error === undefined && text !== undefined) req.body = parseExact(text);
      next(error);
    });
  };
}

function checkJson(body: Buffer, charset: string): void {
  // Between systems JSON is UTF-8: https://www.rfc-editor.org/rfc/rfc8259#section-8.1
  if (charset !== 'utf-8') throw new BodyRefusal(`The body is JSON in ${charset.slice(0, 20)}; expected UTF-8`);
  if (isDeepJson(body)) throw new BodyRefusal(`The body is nested deeper than ${MAX_JSON_DEPTH} levels`);
}
