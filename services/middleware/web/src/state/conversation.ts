import { type ReadonlySignal, signal } from '@preact/signals';
import { cancelRun, type ChatRequest, getSession, streamChat } from '../api/api.ts';
import { ApiError, CUT_OFF, explain, type Failure } from '../api/failures.ts';
import { applyEvent } from '../answer/apply-event.ts';
import { resume, settle } from '../answer/settle-answer.ts';
import { readSession } from '../answer/read-session.ts';
import { toMessages } from '../answer/to-messages.ts';
import { type Answer, callsOf, type Decision, newAnswer, openApprovals, type Turn } from '../answer/turn.ts';
import { eachFrame } from './each-frame.ts';
import { recallApprovals, rememberApprovals } from './open-approvals.ts';
import { isListed, noteKept, refreshSessions } from './sessions.ts';
import { disabledTools, modelChoice } from './settings.ts';

/** One conversation and its actions. It goes on in the background while another one is shown. */
export interface Conversation {
  readonly id: string;
  readonly turns: ReadonlySignal<readonly Turn[]>;
  readonly phase: ReadonlySignal<'idle' | 'loading' | 'running'>;
  /** The reason why it could not be loaded. */
  readonly problem: ReadonlySignal<Failure | undefined>;
  /** Loads it from the server. */
  load(): Promise<void>;
  send(text: string): void;
  /** Stops the run, here and on the server. The partial answer is kept. */
  stop(): void;
  /** Asks for the last answer again. */
  retry(): void;
  /** Replaces an earlier question, and goes on from there. */
  edit(questionId: string, text: string): void;
  /** Decides one pending approval. The run goes on once all are decided. */
  decide(decision: Decision): void;
}

export function createConversation(id: string): Conversation {
  const turns = signal<readonly Turn[]>([]);
  const phase = signal<'idle' | 'loading' | 'running'>('idle');
  const problem = signal<Failure | undefined>(undefined);
  let stopper = new AbortController();
  let made = 0;
  const nextId = (): string => `${id}-${(made += 1)}`;

  const load = async (): Promise<void> => {
    phase.value = 'loading';
    try {
      turns.value = readSession(await getSession(id), recallApprovals(id));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) problem.value = MISSING;
      else problem.value = explain(error);
    }
    phase.value = 'idle';
  };

  /** Follows a run to its end and shows it frame by frame. Never rejects: a failure is part of the answer. */
  const follow = async (
    before: readonly Turn[],
    begun: Answer,
    request: Omit<ChatRequest, 'session_id'>,
  ): Promise<void> => {
    const stop = new AbortController();
    stopper = stop;
    let answer = begun;
    const show = eachFrame(() => {
      turns.value = [...before, answer];
    });
    const end = (status: 'failed' | 'stopped', failure?: Failure): void => {
      answer = { ...settle(answer, status, Date.now()), failure };
    };
    stop.signal.addEventListener('abort', () => {
      if (answer.runId !== undefined) cancelRun(answer.runId);
      end('stopped');
      show.now();
    });
    phase.value = 'running';
    problem.value = undefined;
    show.now();
    try {
      for await (const event of streamChat({ session_id: id, ...request, ...preferences() }, stop.signal)) {
        if (stop.signal.aborted) break;
        // The server has begun: a new conversation is in its list from now on.
        if (answer === begun && !isListed(id)) void refreshSessions();
        answer = applyEvent(answer, event, Date.now());
        show.soon();
      }
      if (answer.status === 'streaming') end('failed', CUT_OFF);
    } catch (error) {
      if (!stop.signal.aborted) end('failed', error instanceof ApiError ? explain(error) : CUT_OFF);
    }
    show.now();
    rememberApprovals(id, answer);
    // What is sent next depends on whether the server has this conversation; once it has, there is nothing to wait for.
    if (isListed(id)) void refreshSessions();
    else await refreshSessions();
    if (answer.status === 'done') noteKept(id);
    phase.value = 'idle';
  };

  const ask = (before: readonly Turn[], text: string, isContinued: boolean): void => {
    if (phase.value !== 'idle') return;
    const asked = [...withoutOpenCalls(before), { role: 'user' as const, id: nextId(), text }];
    // Where the server has the same conversation, the new message is all that it needs.
    const isEnough = isContinued && (before.length === 0 || isListed(id));
    const request = isEnough ? { message: text } : { messages: toMessages(asked) };
    void follow(asked, newAnswer(nextId(), Date.now()), request);
  };

  return {
    id,
    turns,
    phase,
    problem,
    load,
    send: (text) => ask(turns.value, text, true),
    stop() {
      if (phase.value === 'running') stopper.abort();
    },
    retry() {
      const index = turns.value.findLastIndex(({ role }) => role === 'user');
      const question = turns.value[index];
      if (question?.role === 'user') ask(turns.value.slice(0, index), question.text, false);
    },
    edit(questionId, text) {
      const index = turns.value.findIndex((turn) => turn.id === questionId);
      if (index >= 0) ask(turns.value.slice(0, index), text, false);
    },
    decide(decision) {
      const last = turns.value.at(-1);
      if (last?.role !== 'assistant' || phase.value !== 'idle') return;
      const answer = withDecision(last, decision);
      turns.value = [...turns.value.slice(0, -1), answer];
      if (openApprovals(answer, Date.now()).some((approval) => approval.decision === undefined)) return;
      const decisions = callsOf(answer).flatMap(({ state, approval }) =>
        state === 'waiting' && approval?.decision !== undefined ? [approval.decision] : [],
      );
      const request = { approvals: decisions.map((each) => ({ ...each })) };
      void follow(turns.value.slice(0, -1), resume(answer, decisions, Date.now()), request);
    },
  };
}

const MISSING: Failure = {
  title: 'This chat was not found.',
  next: 'It may have been deleted. Your next message starts it again.',
};

function preferences(): Partial<ChatRequest> {
  const { provider, model } = modelChoice.value;
  const exclude = [...disabledTools.value];
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(exclude.length === 0 ? {} : { tools: { exclude } }),
  };
}

/** Denies the pending calls: a new message implies that. */
const withoutOpenCalls = (turns: readonly Turn[]): readonly Turn[] =>
  turns.map((turn) =>
    turn.role === 'user'
      ? turn
      : {
          ...turn,
          parts: turn.parts.map((part) =>
            part.type === 'call' && part.state === 'waiting' ? { ...part, state: 'denied' as const } : part,
          ),
        },
  );

const withDecision = (answer: Answer, decision: Decision): Answer => ({
  ...answer,
  parts: answer.parts.map((part) =>
    part.type === 'call' && part.state === 'waiting' && part.approval?.id === decision.id
      ? { ...part, approval: { ...part.approval, decision } }
      : part,
  ),
});
