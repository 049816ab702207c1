import type { Response } from 'express';
import { PARSE_ERROR } from '../../protocol.ts';
import { type Refusal, refusal, responseText } from '../messages.ts';
import { type RequestId } from '../../request-id.ts';
import { sendJson } from './answer.ts';

/** Answers with a refusal: of a request, or of something that has no id. */
export const refuse = (res: Response, fault: Refusal, id: RequestId | null = null): void =>
  sendJson(res, [responseText(id, fault)], { status: fault.status });

/** Code of faults that are those of HTTP, and none of JSON-RPC. */
const HTTP_FAULT = -32_000;

export const NOT_JSON: Refusal = refusal(
  { code: HTTP_FAULT, message: 'Unsupported Media Type: Content-Type must be application/json' },
  415,
);
export const UNPARSED: Refusal = refusal({ code: PARSE_ERROR, message: 'Parse error: the body is not JSON' }, 400);
export const NOT_ALLOWED: Refusal = refusal({ code: HTTP_FAULT, message: 'Method not allowed' }, 405);
export const SESSION_NOT_FOUND: Refusal = refusal(
  { code: -32_001, message: 'Session not found: it has ended, or is of before a restart; initialize anew' },
  404,
);
