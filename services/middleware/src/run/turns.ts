import type { Image, Message } from '../models/model.ts';
import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import type { FinishedCall } from './events.ts';
import { tellOutcome } from './render-result.ts';

/** A conversation as it is kept and shown: one entry for each thing said, an answer with all its steps. */
export type Turn =
  | { readonly role: 'system'; readonly id: string; readonly content: string }
  | {
      readonly role: 'user';
      readonly id: string;
      readonly content: string;
      readonly images?: readonly Image[];
      readonly createdAt?: string;
    }
  | AnswerTurn;

export interface AnswerTurn {
  readonly role: 'assistant';
  readonly id: string;
  readonly steps: readonly Step[];
  readonly createdAt?: string;
  /** Absent where somebody else wrote the answer. */
  readonly run?: RunSummary;
}

export interface RunSummary {
  readonly runId: string;
  readonly provider: string;
  readonly model: string;
  readonly finishReason: FinishReason;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly durationMs: number;
}

/** What a model said at once, and what came of the calls in it. */
export interface Step {
  readonly text: string;
  readonly reasoning?: string;
  readonly calls: readonly TurnCall[];
}

export interface TurnCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  /** Absent when the call never came to an end. */
  readonly outcome?: FinishedCall;
  readonly approval?: TurnApproval;
}

/** Somebody was asked whether a call may run; `decision` is what they said. */
export interface TurnApproval {
  readonly id: string;
  readonly expiresAt?: string;
  readonly decision?: 'approve' | 'deny';
  readonly reason?: string;
}

const NOT_RUN = 'The call was not run: the chat went on without it';
/** Pictures of the whole conversation that a model gets to see again; older ones are named only. */
const MAX_IMAGES = 8;

/** The conversation as a model is told it: each call answered, for providers refuse a history that is otherwise. */
export function toMessages(turns: readonly Turn[]): readonly Message[] {
  const messages = turns.flatMap((turn): readonly Message[] => {
    if (turn.role === 'system') return [{ role: 'system', content: turn.content }];
    if (turn.role === 'assistant') return turn.steps.flatMap(stepMessages);
    const { content, images = [] } = turn;
    return [{ role: 'user', content, ...(images.length === 0 ? {} : { images }) }];
  });
  return withLatestImages(messages);
}

/** One step as a model is told it; a step in which nothing was said leaves no trace. */
export function stepMessages({ text, reasoning, calls }: Step): readonly Message[] {
  if (calls.length === 0) return text === '' ? [] : [{ role: 'assistant', content: text }];
  return [
    {
      role: 'assistant',
      content: text,
      toolCalls: calls.map(({ id, name, arguments: args }) => ({ id, name, arguments: args })),
      ...(reasoning === undefined ? {} : { reasoning }),
    },
    ...calls.map(answerOf),
  ];
}

function answerOf({ id, name, outcome }: TurnCall): Message {
  const told = tellOutcome(outcome?.result ?? { error: { code: 'unavailable', message: NOT_RUN } });
  const { text: content, images } = told;
  return { role: 'tool', callId: id, name, content, ...(images.length === 0 ? {} : { images }) };
}

function withLatestImages(messages: readonly Message[]): readonly Message[] {
  let left = MAX_IMAGES;
  const kept = messages.toReversed().map((message): Message => {
    if (!('images' in message) || message.images === undefined) return message;
    const { images, ...rest } = message;
    const shown = images.slice(0, left);
    left -= shown.length;
    return shown.length === 0 ? rest : { ...rest, images: shown };
  });
  return kept.toReversed();
}

/** The calls of a conversation that wait for somebody's word: those of its last answer. */
export function pendingCalls(turns: readonly Turn[]): readonly TurnCall[] {
  const last = turns.at(-1);
  const calls = last?.role === 'assistant' ? (last.steps.at(-1)?.calls ?? []) : [];
  return calls.filter(({ outcome, approval }) => outcome === undefined && approval !== undefined);
}
