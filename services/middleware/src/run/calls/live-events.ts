import type { RunEvent } from '../events.ts';

export interface LiveEvents extends AsyncIterable<RunEvent> {
  push(event: RunEvent): void;
  /** Ends the sequence; buffered events are still delivered. */
  end(): void;
}

/** Bounds on what is buffered for a slow reader: entries, and characters of one entry of output. */
const MAX_BUFFERED = 256;
const MAX_OUTPUT_CHARS = 64 * 1_024;

/**
 * Merges the events of calls that run at the same time into one sequence. The buffer for a slow reader is bounded:
 * output that follows output of the same call is joined to it, and output beyond the bound is dropped. Results are not.
 */
export function createLiveEvents(): LiveEvents {
  const buffered: RunEvent[] = [];
  let ended = false;
  let wake = () => {};

  const add = (event: RunEvent): void => {
    const last = buffered.at(-1);
    const isPassing = event.type === 'tool_output' || event.type === 'tool_progress';
    const joined = last !== undefined && isPassing ? join(last, event) : undefined;
    if (joined !== undefined) buffered[buffered.length - 1] = joined;
    else if (!isPassing || buffered.length < MAX_BUFFERED) buffered.push(event);
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
        for (let next = buffered.shift(); next !== undefined; next = buffered.shift()) yield next;
        if (ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
  };
}

/** Joins two events of one call; undefined where they stay apart. */
function join(last: RunEvent, next: RunEvent): RunEvent | undefined {
  if (last.type === 'tool_progress' && next.type === 'tool_progress' && last.id === next.id) return next;
  if (last.type !== 'tool_output' || next.type !== 'tool_output') return undefined;
  if (last.id !== next.id || last.stream !== next.stream) return undefined;
  return { ...last, text: (last.text + next.text).slice(0, MAX_OUTPUT_CHARS) };
}
