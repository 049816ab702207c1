import type { Step, Turn } from '../run/turns.ts';

/**
 * Remembers the tool calls that ran here in a turn which then went back to its caller: the caller only knows its own
 * calls.
 */
export interface StepMemory {
  /** Keeps the steps of a run that ended with calls for its caller. */
  remember(steps: readonly Step[]): void;
  /** Restores a conversation: each step that ended a turn gets back the steps before it. */
  recall(turns: readonly Turn[]): readonly Turn[];
}

const MAX_ENTRIES = 500;
const MAX_CHARS = 512 * 1_024;
const TTL_MS = 10 * 60_000;

interface Entry {
  readonly steps: readonly Step[];
  readonly until: number;
}

/**
 * Makes the memory. Steps are found by the ids of the calls that went out, which are made here and cannot be guessed.
 */
export function createStepMemory(now: () => number = () => performance.now()): StepMemory {
  const entries = new Map<string, Entry>();
  return {
    remember(steps) {
      const open = (steps.at(-1)?.calls ?? []).filter(({ outcome }) => outcome === undefined);
      const hasMore = steps.some(({ calls }) => calls.some(({ outcome }) => outcome !== undefined));
      if (open.length === 0 || !hasMore || JSON.stringify(steps).length > MAX_CHARS) return;
      for (const { id } of open) entries.set(id, { steps, until: now() + TTL_MS });
      for (const [id, { until }] of entries) {
        if (until > now() && entries.size <= MAX_ENTRIES) break;
        entries.delete(id);
      }
    },
    recall: (turns) =>
      turns.map((turn) =>
        turn.role === 'assistant'
          ? { ...turn, steps: turn.steps.flatMap((step) => restore(step, entries, now())) }
          : turn,
      ),
  };
}

function restore(step: Step, entries: ReadonlyMap<string, Entry>, now: number): readonly Step[] {
  const entry = step.calls.flatMap(({ id }) => entries.get(id) ?? [])[0];
  const last = entry?.steps.at(-1);
  if (entry === undefined || last === undefined || entry.until <= now) return [step];
  const answered = new Map(step.calls.map((call) => [call.id, call]));
  return [...entry.steps.slice(0, -1), { ...last, calls: last.calls.map((call) => answered.get(call.id) ?? call) }];
}
