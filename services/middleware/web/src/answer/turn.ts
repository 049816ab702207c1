import type { ApprovalDecision, ToolCallStatus } from '@toolmesh/shared/contracts/chat';
import type { Failure } from '../api/failures.ts';

/** A message of the user. */
export interface Question {
  readonly role: 'user';
  readonly id: string;
  readonly text: string;
}

export interface TextPart {
  readonly type: 'text';
  readonly id: string;
  readonly text: string;
}

export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly id: string;
  readonly text: string;
  readonly startedAt: number;
  /** Undefined while the model thinks; equal to `startedAt` where nobody measured. */
  readonly endedAt: number | undefined;
}

/**
 * `preparing`: the model writes the arguments. `waiting`: for approval. `stopped`: it had not ended when the
 * run did. The others are the contract's.
 */
export type CallState = 'preparing' | 'running' | 'waiting' | 'stopped' | ToolCallStatus;

/** A call's pending approval. */
export interface Approval {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  /** Milliseconds since 1970; undefined where the server names no end. */
  readonly expiresAt: number | undefined;
  readonly decision?: Decision | undefined;
}

export type Decision = ApprovalDecision;

export interface CallPart {
  readonly type: 'call';
  readonly callId: string;
  readonly name: string;
  readonly state: CallState;
  /** The arguments as the model writes them, until `input` is there. */
  readonly inputText: string;
  readonly input: unknown;
  /** The tool's output so far; its end where there is much. */
  readonly liveOutput: string;
  readonly output: unknown;
  readonly errorText: string | undefined;
  readonly approval: Approval | undefined;
  /** The progress, in words. */
  readonly progress: string | undefined;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** The duration that the server measured, in milliseconds. */
  readonly tookMs: number | undefined;
}

export type Part = TextPart | ReasoningPart | CallPart;

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

/** The answer to a question: text, reasoning and tool calls, in their order. Times in milliseconds since 1970. */
export interface Answer {
  readonly role: 'assistant';
  readonly id: string;
  readonly status: 'streaming' | 'done' | 'stopped' | 'failed';
  readonly parts: readonly Part[];
  /** The index of the current step's first part: a repeated step removes its parts. */
  readonly stepStart: number;
  readonly runId: string | undefined;
  readonly sessionId: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
  /** Of the runs before this one, where the answer takes several. */
  readonly usageBefore: Usage | undefined;
  readonly finishReason: string | undefined;
  readonly notices: readonly string[];
  readonly failure: Failure | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

export type Turn = Question | Answer;

export function newAnswer(id: string, now: number): Answer {
  return {
    role: 'assistant',
    id,
    status: 'streaming',
    parts: [],
    stepStart: 0,
    runId: undefined,
    sessionId: undefined,
    provider: undefined,
    model: undefined,
    usage: undefined,
    usageBefore: undefined,
    finishReason: undefined,
    notices: [],
    failure: undefined,
    startedAt: now,
    endedAt: undefined,
  };
}

export function newCall(callId: string, name: string, now: number | undefined): CallPart {
  return {
    type: 'call',
    callId,
    name,
    state: 'preparing',
    inputText: '',
    input: undefined,
    liveOutput: '',
    output: undefined,
    errorText: undefined,
    approval: undefined,
    progress: undefined,
    startedAt: now,
    endedAt: undefined,
    tookMs: undefined,
  };
}

/** Returns the text of an answer, without reasoning and calls. */
export const spokenText = ({ parts }: Answer): string =>
  parts
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('\n\n')
    .trim();

export const callsOf = ({ parts }: Answer): readonly CallPart[] =>
  parts.flatMap((part) => (part.type === 'call' ? [part] : []));

/** Returns the pending approvals that have not expired. */
export const openApprovals = (answer: Answer, now: number): readonly Approval[] =>
  callsOf(answer).flatMap(({ state, approval }) =>
    state === 'waiting' && approval !== undefined && !isExpired(approval, now) ? [approval] : [],
  );

export const isExpired = ({ expiresAt }: Approval, now: number): boolean => expiresAt !== undefined && expiresAt <= now;
