import type { RunEvent } from '../events.ts';

export interface LiveEvents extends AsyncIterable<RunEvent> {
  push(event: RunEvent): void;
  /** Nothing more will come; what has been pushed is still handed out. */
  end(): void;
}

/** What waits for a slow reader at most: entries, and characters of one entry of output. */
const MAX_WAITING = 256;
const MAX_OUTPUT_CHARS = 64 * 1_024;

/**
 * Events of calls that run at the same time, in one sequence. However slow its reader is, what waits stays bounded:
 * output that follows output of the same call is joined to it, and what is too much is left out. Results are not.
 */
export function createLiveEvents(): LiveEvents {
  const waiting: RunEvent[] = [];
  let ended = false;
  let wake = () => {};

  const add = (event: RunEvent): void => {
    const last = waiting.at(-1);
    const isPassing = event.type === 'tool_output' || event.type === 'tool_progress';
    const joined = last !== undefined && isPassing ? join(last, event) : undefined;
    if (joined !== undefined) waiting[waiting.length - 1] = joined;
    else if (!isPassing || waiting.length < MAX_WAITING) waiting.push(event);
  };

  return {
    push(event) {
      add(event);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
        if (ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
  };
}

/** Two events of one call as one, or undefined where they stay two. */
function join(last: RunEvent, next: RunEvent): RunEvent | undefined {
  if (last.type === 'tool_progress' && next.type === 'tool_progress' && last.id === next.id) return next;
  if (last.type !== 'tool_output' || next.type !== 'tool_output') return undefined;
  if (last.id !== next.id || last.stream !== next.stream) return undefined;
  return { ...last, text: (last.text + next.text).slice(0, MAX_OUTPUT_CHARS) };
}
