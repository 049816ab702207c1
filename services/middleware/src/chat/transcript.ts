import type { Model } from '../models/model.ts';
import type { RunRecord } from '../run/run-recorder.ts';
import type { AnswerTurn, RunSummary, Step, Turn } from '../run/turns.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Conversation } from './conversation.ts';
import type { StartedOrder } from './chat-order.ts';

/** The writing side of one run in a session. */
export interface Transcript {
  /** Stores the input, unless it is stored; a page that is loaded while the model answers shows it. */
  saveInput(): void;
  /** Stores the input, if it is not yet stored, and the answer. Returns what kept either from being stored. */
  saveAnswer(record: RunRecord): string | undefined;
}

export interface TranscriptOptions {
  readonly order: Pick<StartedOrder, 'input' | 'sessionId' | 'runId'>;
  readonly conversation: Conversation;
  readonly stored: readonly Turn[] | undefined;
  /** The id of the answer. */
  readonly messageId: string;
  readonly model: Model;
}

/** Opens the transcript of a run that begins now. */
export function openTranscript(sessions: Sessions, options: TranscriptOptions): Transcript {
  const { order, conversation, stored = [], messageId, model } = options;
  const { sessionId, runId } = order;
  const started = performance.now();
  let isInputSaved = false;

  /** Returns what kept the input from being stored. */
  const saveInput = (): string | undefined => {
    if (isInputSaved) return undefined;
    const problem =
      order.input.kind === 'conversation'
        ? sessions.replace(sessionId, conversation.turns)
        : sessions.append(sessionId, addedTurns(conversation.turns, stored));
    isInputSaved = problem === undefined;
    return problem;
  };
  return {
    saveInput: () => void saveInput(),
    saveAnswer(record) {
      // An answer without its question would be half a conversation.
      const problem = saveInput();
      if (problem !== undefined) return problem;
      const durationMs = Math.round(performance.now() - started);
      const answeredBy = record.answeredBy ?? { provider: model.provider, model: model.name };
      const turn = answerTurn(record, { runId, ...answeredBy, durationMs }, { id: messageId, ...conversation.answer });
      return turn === undefined ? undefined : sessions.append(sessionId, [turn]);
    },
  };
}

function addedTurns(turns: readonly Turn[], stored: readonly Turn[]): readonly Turn[] {
  const known = new Set(stored);
  return turns.filter((turn) => !known.has(turn));
}

type EndedRun = Omit<RunSummary, 'finishReason' | 'inputTokens' | 'outputTokens'>;

/** Joins a run to the answer that it continues, or makes a new one; undefined when the run produced nothing. */
function answerTurn(
  record: RunRecord,
  run: EndedRun,
  before: Pick<AnswerTurn, 'id'> & Partial<AnswerTurn>,
): AnswerTurn | undefined {
  const added = record.steps.filter(hasContent);
  const steps = before.steps === undefined ? added : joinSteps(before.steps, added);
  if (steps.length === 0) return undefined;
  const { finishReason, inputTokens, outputTokens } = record;
  const { inputTokens: inputBefore = 0, outputTokens: outputBefore = 0, durationMs = 0 } = before.run ?? {};
  return {
    role: 'assistant',
    id: before.id,
    steps,
    createdAt: before.createdAt ?? new Date().toISOString(),
    run: {
      ...run,
      finishReason,
      inputTokens: inputTokens + inputBefore,
      outputTokens: outputTokens + outputBefore,
      durationMs: run.durationMs + durationMs,
    },
  };
}

const hasContent = ({ text, reasoning, calls }: Step): boolean =>
  text !== '' || reasoning !== undefined || calls.length > 0;

/** Adds the steps of a run to those of the answer it continues. Outcomes of pending calls go to the calls. */
function joinSteps(before: readonly Step[], after: readonly Step[]): readonly Step[] {
  const ended = new Map(after.flatMap((step) => step.calls.map((call) => [call.id, call])));
  const known = new Set(before.flatMap((step) => step.calls.map(({ id }) => id)));
  const completed = before.map((step) => ({
    ...step,
    calls: step.calls.map((call) => {
      const outcome = call.outcome ?? ended.get(call.id)?.outcome;
      return outcome === undefined ? call : { ...call, outcome };
    }),
  }));
  const added = after
    .map((step) => ({ ...step, calls: step.calls.filter(({ id }) => !known.has(id)) }))
    .filter(hasContent);
  return [...completed, ...added];
}
