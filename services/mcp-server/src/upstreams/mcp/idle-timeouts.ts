import { SdkError, SdkErrorCode } from '@modelcontextprotocol/client';

/** Clocks of silence that stand still while somebody thinks about a question: a user may take longer than a server. */
export interface Patience {
  /** Lets all clocks stand still until `answer` is there. */
  during<T>(answer: Promise<T>): Promise<T>;
  /** Starts a clock that aborts `late` after `idleMs` of silence, unless it is started anew or stopped. */
  start(idleMs: number): Clock;
}

export interface Clock {
  readonly late: AbortSignal;
  restart(): void;
  stop(): void;
}

export function createPatience(): Patience {
  const clocks = new Set<Clock>();
  let questions = 0;
  return {
    async during(answer) {
      questions += 1;
      try {
        return await answer;
      } finally {
        questions -= 1;
        for (const clock of clocks) clock.restart();
      }
    },
    start(idleMs) {
      const late = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const ring = () => {
        // The answer starts it anew.
        if (questions === 0) late.abort(new SdkError(SdkErrorCode.RequestTimeout, `Silent for ${idleMs} ms`));
      };
      const clock: Clock = {
        late: late.signal,
        restart() {
          clearTimeout(timer);
          timer = setTimeout(ring, idleMs);
        },
        stop() {
          clearTimeout(timer);
          clocks.delete(clock);
        },
      };
      clocks.add(clock);
      clock.restart();
      return clock;
    },
  };
}
