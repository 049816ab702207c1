import { isRecord } from '../../kit/json/is-record.ts';
import { isId, type RequestId } from '../request-id.ts';
import type { McpNotification, McpRequest, McpResult } from '../protocol.ts';

export interface RequestMessage extends McpRequest {
  readonly kind: 'request';
  readonly id: RequestId;
}

export interface NotificationMessage extends McpRequest {
  readonly kind: 'notification';
}

export interface ResponseMessage {
  readonly kind: 'response';
  readonly id: RequestId;
  readonly outcome: Outcome;
}

/** Something that is no message of JSON-RPC. */
export interface InvalidMessage {
  readonly kind: 'invalid';
  /** That of the request, as far as it could be read. */
  readonly id: RequestId | null;
  readonly reason: string;
}

export type Message = RequestMessage | NotificationMessage | ResponseMessage;

/** The error of a JSON-RPC response. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** The end of a request. */
export type Outcome = { readonly result: McpResult } | Refusal;

export interface Refusal {
  readonly error: RpcError;
  /** The HTTP status that goes with it. Default: 200. */
  readonly status?: number;
}

/** Reads one message of JSON-RPC 2.0 (https://www.jsonrpc.org/specification). */
export function readMessage(value: unknown): Message | InvalidMessage {
  if (!isRecord(value)) return invalid(null, 'it is no object');
  const { id, method } = value;
  const known = isId(id) ? id : null;
  if (value['jsonrpc'] !== '2.0') return invalid(known, 'jsonrpc: must be "2.0"');
  if (method === undefined) return readResponse(value, known);
  if (typeof method !== 'string') return invalid(known, 'method: must be a string');
  const params = value['params'] ?? {};
  if (!isRecord(params)) return invalid(known, 'params: must be an object');
  if (id === undefined) return { kind: 'notification', method, params };
  if (known === null) return invalid(null, 'id: must be a string or a number');
  return { kind: 'request', id: known, method, params };
}

function readResponse({ result, error }: McpResult, id: RequestId | null): Message | InvalidMessage {
  if (id !== null && isRecord(result)) return { kind: 'response', id, outcome: { result } };
  if (id === null || !isRecord(error)) return invalid(id, 'it has neither a method nor a result nor an error');
  const { code, message, data } = error;
  if (typeof code !== 'number' || typeof message !== 'string') return invalid(id, 'error: needs a code and a message');
  return { kind: 'response', id, outcome: refusal({ code, message, ...(data === undefined ? {} : { data }) }) };
}

const invalid = (id: RequestId | null, reason: string): InvalidMessage => ({ kind: 'invalid', id, reason });

export const refusal = (error: RpcError, status?: number): Refusal => ({
  error,
  ...(status === undefined ? {} : { status }),
});

/** Returns the text of the response to request `id`. */
export const responseText = (id: RequestId | null, outcome: Outcome): string =>
  JSON.stringify(
    'error' in outcome ? { jsonrpc: '2.0', id, error: outcome.error } : { jsonrpc: '2.0', id, result: outcome.result },
  );

/** Returns the text of a notification. */
export const notificationText = ({ method, params }: McpNotification): string =>
  JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) });
