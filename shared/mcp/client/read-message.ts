import { isDeepJson } from '../../kit/json/depth.ts';
import { isRecord } from '../../kit/json/is-record.ts';
import { parseDeepJson } from '../../kit/json/parse-json.ts';
import { INTERNAL_ERROR, type McpResult, ProtocolError } from '../protocol.ts';
import { isId, type RequestId } from '../request-id.ts';

/** A message of JSON-RPC as it came: its envelope is checked, what it carries is not. */
export type Message =
  | {
      readonly kind: 'result';
      readonly id: RequestId;
      /** Undefined for a result that is no object. */
      readonly result: McpResult | undefined;
      /** True if it has more levels than we pass on. */
      readonly isDeep: boolean;
    }
  /** A refusal need not name the request. */
  | { readonly kind: 'error'; readonly id: RequestId | undefined; readonly error: ProtocolError }
  | { readonly kind: 'request'; readonly id: RequestId; readonly method: string; readonly params: McpResult }
  | { readonly kind: 'notification'; readonly method: string; readonly params: McpResult };

/**
 * Reads text as messages: one, or several in an array as in 2025-03-26. Tolerates what servers write that differs from
 * the protocol in form alone: a byte order mark, blanks around it, a missing `jsonrpc`, `"error": null`, no params.
 * Returns none for anything else.
 */
export function readMessages(text: string): readonly Message[] {
  const value = parseDeepJson(text.codePointAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  if (typeof value !== 'object' || value === null) return [];
  const isDeep = isDeepJson(text);
  if (Array.isArray(value)) return value.flatMap((each) => toMessage(each, isDeep) ?? []);
  const message = toMessage(value, isDeep);
  return message === undefined ? [] : [message];
}

const BYTE_ORDER_MARK = 0xfe_ff;

function toMessage(value: unknown, isDeep: boolean): Message | undefined {
  if (!isRecord(value)) return undefined;
  const { id, method, params } = value;
  const named = isId(id) ? id : undefined;
  if (typeof method !== 'string') return toResponse(value, named, isDeep);
  if (isDeep) return undefined;
  const given = isRecord(params) ? params : {};
  if (named === undefined) return { kind: 'notification', method, params: given };
  return { kind: 'request', id: named, method, params: given };
}

function toResponse(value: Record<string, unknown>, id: RequestId | undefined, isDeep: boolean): Message | undefined {
  const { result, error } = value;
  if (isRecord(error) && typeof error['message'] === 'string' && hasEnvelope(value)) {
    return { kind: 'error', id, error: toError(error, isDeep) };
  }
  if (id === undefined || result === undefined) return undefined;
  return { kind: 'result', id, result: isRecord(result) ? result : undefined, isDeep };
}

/** Other JSON has errors, too. */
const hasEnvelope = ({ jsonrpc, id, error }: Record<string, unknown>): boolean =>
  jsonrpc !== undefined || id !== undefined || Number.isInteger(Object(error)['code']);

function toError({ code, message, data }: Record<string, unknown>, isDeep: boolean): ProtocolError {
  const known = typeof code === 'number' && Number.isInteger(code) ? code : INTERNAL_ERROR;
  return new ProtocolError(known, String(message), isDeep ? undefined : data);
}
