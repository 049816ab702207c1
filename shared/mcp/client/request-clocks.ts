import { type IdleClock, startIdleClock } from '../../kit/faults/idle-clock.ts';
import type { RequestTimeouts } from '../protocol.ts';
import { RequestTimedOut } from './failures.ts';

/** The time limits of one request: its signal aborts with the caller and at each of the limits. */
export type RequestClock = Pick<IdleClock, 'signal' | 'restart' | 'release'>;

/**
 * Time limits of the requests on one connection. The idle limits pause while the server waits for an answer of ours: a
 * user may take longer than a server may.
 */
export interface RequestClocks {
  /** Pauses all idle limits until `answer` settles. */
  pauseDuring<T>(answer: Promise<T>): Promise<T>;
  start(caller: AbortSignal, timeouts: RequestTimeouts): RequestClock;
}

export function createRequestClocks(): RequestClocks {
  const clocks = new Set<IdleClock>();
  let openQuestions = 0;
  const restart = (clock: IdleClock): void => (openQuestions > 0 ? clock.pause() : clock.restart());
  return {
    async pauseDuring(answer) {
      openQuestions += 1;
      clocks.forEach(restart);
      try {
        return await answer;
      } finally {
        openQuestions -= 1;
        clocks.forEach(restart);
      }
    },
    start(signal, { idleMs, totalMs }) {
      const late = () => new RequestTimedOut('did not answer in time');
      const clock = startIdleClock({ signal, idleMs, totalMs, late });
      clocks.add(clock);
      restart(clock);
      return {
        signal: clock.signal,
        restart: () => restart(clock),
        release() {
          clocks.delete(clock);
          clock.release();
        },
      };
    },
  };
}
