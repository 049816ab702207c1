import { TOOL_CALL_LIMITS } from '@toolmesh/shared/contracts/execution';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { ContentBlock } from '@toolmesh/shared/contracts/tool';
import { z } from 'zod';

const id = z.int().min(0);
const name = z.string().min(1).max(TOOL_CALL_LIMITS.nameChars);

/**
 * A message of a program about tools: the payload of a frame `call`. `id` is the program's own, and comes back with the
 * answer; another message may have the same one, which confuses nobody but the program.
 */
const CallMessage = z.union([
  /** Calls a tool; `positional` is an argument without a name. */
  z.strictObject({
    id,
    name,
    arguments: z.record(z.string(), z.unknown()).default({}),
    positional: z.array(z.unknown()).max(1).default([]),
  }),
  /** Learns if there are tools. */
  z.strictObject({ id, hello: z.literal(true) }),
  /** Requests the tools that there are. */
  z.strictObject({ id, list: z.literal(true) }),
  /** Requests the signature and the text of one tool. */
  z.strictObject({ id, help: name, language: z.enum(['python', 'typescript']) }),
]);
export type CallMessage = z.output<typeof CallMessage>;
export type ToolCallMessage = Extract<CallMessage, { readonly name: string }>;

/** The payload of a frame `answer`. */
export type CallAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly content: readonly ContentBlock[] }
  | { readonly id: number; readonly error: string };

/** Most bytes of a message: the arguments, and room for the rest. No honest program sends more. */
export const MAX_MESSAGE_BYTES = TOOL_CALL_LIMITS.argumentsBytes + 4_096;

/** Returns the message in a payload; its id alone where the rest is wrong, and nothing where that is wrong, too. */
export function readMessage(
  payload: Buffer,
): CallMessage | { readonly id: number; readonly problem: string } | undefined {
  const value = parseJson(payload.toString());
  const message = CallMessage.safeParse(value);
  if (message.success) return message.data;
  const identified = z.looseObject({ id }).safeParse(value);
  return identified.success ? { id: identified.data.id, problem: 'this is no call of a tool' } : undefined;
}
