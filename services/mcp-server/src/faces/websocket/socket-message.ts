import { isDeepJson, MAX_JSON_DEPTH } from '@toolmesh/shared/kit/json/depth';
import { parseDeepJson } from '@toolmesh/shared/kit/json/parse-json';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';

/** Names a call of a socket; chosen by its client. */
export type CallId = string | number;

/** A message of a client, decoded. `invalid` has the id if there is one. */
export type SocketMessage =
  | { readonly type: 'call'; readonly id: CallId; readonly args: object }
  | { readonly type: 'cancel'; readonly id: CallId }
  | { readonly type: 'invalid'; readonly id: CallId | null; readonly error: MeshError };

const Id = z.union([z.string().min(1).max(128), z.int()]);
const Message = z.union([
  z.object({ id: Id, cancel: z.literal(true) }),
  z.object({ id: Id, arguments: z.record(z.string(), z.unknown()).default({}), cancel: z.literal(false).optional() }),
]);
const Named = z.object({ id: Id });
const EXPECTED = 'expected JSON: {"id", "arguments"} or {"id", "cancel": true}, the id a string or an integer';

/** Decodes a message of a client. */
export function decodeMessage(text: string): SocketMessage {
  const json = parseDeepJson(text);
  const isDeep = isDeepJson(text);
  const message = Message.safeParse(json);
  if (isDeep || !message.success) {
    const named = Named.safeParse(json);
    const problem = isDeep ? `it is nested deeper than ${MAX_JSON_DEPTH} levels` : EXPECTED;
    return { type: 'invalid', id: named.success ? named.data.id : null, error: badMessage(problem) };
  }
  const { data } = message;
  if (data.cancel === true) return { type: 'cancel', id: data.id };
  return { type: 'call', id: data.id, args: data.arguments };
}

/** Returns the error of a message that breaks the protocol. */
export const badMessage = (problem: string): MeshError =>
  new MeshError('invalid_request', `The message is not as expected: ${problem}`);
