import type { Image, Message } from '../models/model.ts';
import type { FinishReason, ToolOutcome } from '@toolmesh/shared/contracts/chat';
import type { FinishedCall } from './events.ts';
import { renderOutcome } from './render-outcome.ts';

/** An entry of a conversation as it is stored and shown; an answer is one entry with all its steps. */
export type Turn =
  | { readonly role: 'system'; readonly id: string; readonly content: string }
  | {
      readonly role: 'user';
      readonly id: string;
      readonly content: string;
      readonly images?: readonly Image[];
      readonly files?: readonly TurnFile[];
      readonly createdAt?: string;
    }
  | AnswerTurn;

/** A file of a message: kept under `fileId`, or still to be kept, with its content as base64. */
export interface TurnFile {
  readonly name?: string;
  readonly mimeType?: string;
  readonly data?: string;
  readonly fileId?: string;
  /** Its place in the working directory of programs, once it is kept. */
  readonly path?: string;
  readonly sizeBytes?: number;
}

/** A file that programs can be given. */
export type KeptTurnFile = TurnFile & Required<Pick<TurnFile, 'fileId' | 'path' | 'sizeBytes'>>;

export interface AnswerTurn {
  readonly role: 'assistant';
  readonly id: string;
  readonly steps: readonly Step[];
  readonly createdAt?: string;
  /** Undefined for an answer that a caller brought along. */
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

/** One answer of a model, with its calls and their outcomes. */
export interface Step {
  readonly text: string;
  readonly reasoning?: string;
  readonly calls: readonly TurnCall[];
}

export interface TurnCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  /** Undefined while the call is pending, or when it never ended. */
  readonly outcome?: FinishedCall;
  readonly approval?: TurnApproval;
}

/** The request for the user's approval of a call; `decision` is the user's answer. */
export interface TurnApproval {
  readonly id: string;
  readonly expiresAt?: string;
  readonly decision?: 'approve' | 'deny';
  readonly reason?: string;
}

const NOT_RUN: ToolOutcome = {
  error: { code: 'unavailable', message: 'The call was not run: the chat went on without it' },
};
/** Images of the whole conversation that a model gets to see again; older ones are left out. */
const MAX_IMAGES = 8;

/** Returns a conversation as a model gets it. Each call has a result, since providers refuse a history without. */
export function toMessages(turns: readonly Turn[]): readonly Message[] {
  const messages = turns.flatMap((turn): readonly Message[] => {
    if (turn.role === 'system') return [{ role: 'system', content: turn.content }];
    if (turn.role === 'assistant') return turn.steps.flatMap(stepMessages);
    const { images = [] } = turn;
    return [{ role: 'user', content: withFileNotes(turn), ...(images.length === 0 ? {} : { images }) }];
  });
  return withLatestImages(messages);
}

/** Returns the files of a conversation that programs can be given. */
export const keptFiles = (turns: readonly Turn[]): readonly KeptTurnFile[] =>
  turns.flatMap((turn) => (turn.role === 'user' ? (turn.files ?? []).filter(isKept) : []));

const isKept = (file: TurnFile): file is KeptTurnFile =>
  file.fileId !== undefined && file.path !== undefined && file.sizeBytes !== undefined;

/** Returns a message with a line for each of its files, which tells a model where its programs find it. */
function withFileNotes({ content, files = [] }: { readonly content: string; readonly files?: readonly TurnFile[] }) {
  const notes = files
    .filter(isKept)
    .map(
      ({ path, mimeType = 'application/octet-stream', sizeBytes }) =>
        `[Attached file ${JSON.stringify(path)} (${mimeType}, ${sizeBytes} bytes): programs that you run with execute_code find it by this name in their working directory]`,
    );
  return [content, ...notes].filter((part) => part !== '').join('\n');
}

/** Returns one step as a model gets it; a step without text and calls leaves no trace. */
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
  const { text: content, images } = renderOutcome(outcome?.result ?? NOT_RUN);
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

/** Returns the calls of a conversation that the user has to approve or deny: they are in its last answer. */
export function pendingCalls(turns: readonly Turn[]): readonly TurnCall[] {
  const last = turns.at(-1);
  const calls = last?.role === 'assistant' ? (last.steps.at(-1)?.calls ?? []) : [];
  return calls.filter(({ outcome, approval }) => outcome === undefined && approval !== undefined);
}
