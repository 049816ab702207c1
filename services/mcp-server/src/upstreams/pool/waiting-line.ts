import { MeshError } from '@toolmesh/shared/kit/faults/errors';

export interface WaitingLineOptions {
  /** Names in errors what is waited for. */
  readonly name: string;
  /** Callers that may wait; more are turned away. */
  readonly maxLength: number;
  readonly maxWaitMs: number;
}

/** Callers that wait for something to come free, the first come first. */
export interface WaitingLine<T> {
  readonly length: number;
  /** @throws MeshError unavailable when the line is full or the wait too long; what `signal` was aborted with. */
  wait(signal: AbortSignal): Promise<T>;
  /** Gives `turn` to the one who has waited longest. There must be one. */
  serve(turn: T): void;
  /** Sends everybody away. */
  refuse(error: MeshError): void;
}

interface Waiting<T> {
  readonly resolve: (turn: T) => void;
  readonly reject: (error: unknown) => void;
}

export function createWaitingLine<T>({ name, maxLength, maxWaitMs }: WaitingLineOptions): WaitingLine<T> {
  // A set keeps the order of arrival and lets one leave from its middle.
  const waiting = new Set<Waiting<T>>();
  return {
    get length() {
      return waiting.size;
    },
    wait(signal) {
      if (waiting.size >= maxLength) {
        const full = `${name} is busy: ${maxLength} calls are waiting already; try again later`;
        return Promise.reject(new MeshError('unavailable', full));
      }
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(entry);
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
        };
        const entry: Waiting<T> = {
          resolve: (turn) => {
            leave();
            resolve(turn);
          },
          reject: (error) => {
            leave();
            reject(error);
          },
        };
        const onAbort = () => entry.reject(signal.reason);
        const late = () =>
          entry.reject(new MeshError('unavailable', `${name} is busy: nothing came free within ${maxWaitMs} ms`));
        const timer = setTimeout(late, maxWaitMs);
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(entry);
      });
    },
    serve(turn) {
      for (const first of waiting) return first.resolve(turn);
    },
    refuse(error) {
      for (const entry of waiting) entry.reject(error);
    },
  };
}
