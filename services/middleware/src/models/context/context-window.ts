import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { Message } from '../model.ts';
import { estimateMessage, estimateTools, sum } from './token-estimate.ts';

export interface ContextRequest {
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  /** Tokens that the model reads and writes together. */
  readonly windowTokens: number;
  /** Tokens that the caller allows for the answer. */
  readonly maxOutputTokens?: number | undefined;
  /** The factor between estimates and the model's own counts. */
  readonly factor: number;
}

export interface FittedContext {
  readonly messages: readonly Message[];
  readonly leftOutTurns: number;
  readonly shortenedResults: number;
  /** Of messages and tools, without `factor`. */
  readonly estimatedTokens: number;
}

/** A user's message with everything that answers it, or the messages before the first one. */
type Turn = readonly Message[];

/**
 * Makes a conversation fit a model's context window, with room for the answer. Leaves out whole turns, the oldest
 * first, so that no tool result is ever without its call. System messages and the latest turn stay; where that turn
 * alone is too long, its tool results are shortened, the oldest first. The user's own words never are. @throws
 * MeshError invalid_request when the latest turn cannot be made to fit
 */
export function fitContext(request: ContextRequest): FittedContext {
  const { messages, tools, windowTokens, factor } = request;
  const room = (windowTokens - reserveFor(request)) / factor;
  const system = messages.filter(({ role }) => role === 'system');
  const turns = splitTurns(messages.filter(({ role }) => role !== 'system'));
  const fixed = estimateTools(tools) + estimateAll(system);
  const latest = turns.at(-1) ?? [];

  let left = room - fixed - estimateAll(latest);
  if (left < 0) {
    const short = shortenResults(latest, -left);
    const needed = fixed + estimateAll(short.turn);
    if (needed > room) throw tooLong(request, needed * factor);
    const fitted = keepTurns(messages, [short.turn]);
    const leftOutTurns = turns.length - 1;
    return { messages: fitted, leftOutTurns, shortenedResults: short.count, estimatedTokens: needed };
  }
  let first = turns.length - 1;
  for (; first > 0; first -= 1) {
    const tokens = estimateAll(turns[first - 1] ?? []);
    if (tokens > left) break;
    left -= tokens;
  }
  const leftOutTurns = Math.max(0, first);
  const kept = leftOutTurns === 0 ? messages : keepTurns(messages, turns.slice(leftOutTurns));
  return { messages: kept, leftOutTurns, shortenedResults: 0, estimatedTokens: room - left };
}

/** Returns the tokens to reserve for the answer: what the caller allows, within reason, or an eighth of the window. */
function reserveFor({ windowTokens, maxOutputTokens }: ContextRequest): number {
  if (maxOutputTokens !== undefined) return Math.min(maxOutputTokens, Math.floor(windowTokens / 2));
  return Math.min(8_192, Math.floor(windowTokens / 8));
}

const estimateAll = (messages: readonly Message[]): number => sum(messages.map(estimateMessage));

function splitTurns(messages: readonly Message[]): readonly Turn[] {
  const turns: Message[][] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === 'user' || last === undefined) turns.push([message]);
    else last.push(message);
  }
  return turns;
}

/** Keeps the system messages in their places, and the last turns. */
function keepTurns(messages: readonly Message[], turns: readonly Turn[]): readonly Message[] {
  const kept = turns.flat();
  const others = messages.filter(({ role }) => role !== 'system').length;
  let seen = 0;
  return messages.flatMap((message) => {
    if (message.role === 'system') return [message];
    seen += 1;
    return kept[seen - 1 - (others - kept.length)] ?? [];
  });
}

const HEAD_CHARS = 300;
const TAIL_CHARS = 100;

/** Shortens tool results until `excess` tokens are saved, or nothing more can be cut. */
function shortenResults(turn: Turn, excess: number): { readonly turn: Turn; readonly count: number } {
  let toSave = excess;
  let count = 0;
  const short = turn.map((message): Message => {
    if (message.role !== 'tool' || toSave <= 0) return message;
    const { content, images: _images, ...rest } = message;
    const cut = content.length - HEAD_CHARS - TAIL_CHARS;
    const marker = `\n[... ${cut} characters left out: the context is full ...]\n`;
    const text = cut <= marker.length ? content : content.slice(0, HEAD_CHARS) + marker + content.slice(-TAIL_CHARS);
    const shorter: Message = { ...rest, content: text };
    const saved = estimateMessage(message) - estimateMessage(shorter);
    if (saved <= 0) return message;
    toSave -= saved;
    count += 1;
    return shorter;
  });
  return { turn: short, count };
}

function tooLong({ windowTokens, ...request }: ContextRequest, needed: number): MeshError {
  const message =
    `The last message, with the instructions and ${request.tools.length} tools, needs about ${Math.ceil(needed)} ` +
    `tokens; the model takes ${windowTokens}, of which ${reserveFor({ windowTokens, ...request })} are kept for the ` +
    'answer. Send less, offer fewer tools, or give the model more context (OLLAMA_NUM_CTX, OPENAI_CONTEXT_TOKENS)';
  return new MeshError('invalid_request', message, { details: { reason: CONTEXT_LENGTH } });
}

/** In the details of an error that is about the length of a conversation. */
export const CONTEXT_LENGTH = 'context_length';
