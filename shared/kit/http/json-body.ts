import { json, type RequestHandler } from 'express';
import { isDeepJson, MAX_JSON_DEPTH } from '../json/depth.ts';

/** The refusal of a body before it is parsed; `type` marks it as body-parser marks its own. */
export class BodyRefusal extends Error {
  readonly type = 'json.refused';
}

export interface JsonBodyOptions {
  /** Reads bodies of every type, for a handler that judges the type itself. Default: those of JSON's types. */
  readonly isAnyType?: boolean;
}

/** The longest silence between two pieces of a body. */
export const BODY_IDLE_MS = 15_000;

/**
 * Returns the handler that reads JSON bodies into `req.body`. A body of another type is left unread; the
 * connection of one that stops arriving is closed.
 * @throws BodyRefusal for one of too many levels, and what body-parser throws
 */
export function jsonBody(maxBodyBytes: number, { isAnyType = false }: JsonBodyOptions = {}): RequestHandler {
  const read = json({
    limit: maxBodyBytes,
    // oxlint-disable-next-line eslint/max-params -- body-parser's four parameters
    verify: (_req, _res, body, charset) => checkJson(body, charset),
    ...(isAnyType ? { type: () => true } : {}),
  });
  return (req, res, next) => {
    const { socket } = req;
    socket.setTimeout(BODY_IDLE_MS);
    read(req, res, (error?: unknown) => {
      socket.setTimeout(0);
      next(error);
    });
  };
}

function checkJson(body: Buffer, charset: string): void {
  // Between systems JSON is UTF-8: https://www.rfc-editor.org/rfc/rfc8259#section-8.1
  if (charset !== 'utf-8') throw new BodyRefusal(`The body is JSON in ${charset.slice(0, 20)}; expected UTF-8`);
  if (isDeepJson(body)) throw new BodyRefusal(`The body is nested deeper than ${MAX_JSON_DEPTH} levels`);
}
