import type { EventStream } from '../../../kit/http/sse.ts';
import type { StreamMemory } from './replay-memory.ts';

/** A stream of a session, which outlives the connections that it is read over. */
export interface SessionStream {
  readonly isRead: boolean;
  readonly hasEnded: boolean;
  /** True once a reader may know the id of an event, and so come back. */
  readonly canResume: boolean;
  /** Sends an event, at once or to the next reader. */
  send(text: string): void;
  /** Sends an event without data, so that the reader knows an id from the start. */
  prime(retryMs: number): void;
  /** Makes `reader` the one that gets the events, first those after a place. One before is ended. */
  attach(reader: EventStream, after?: number): void;
  /** `reader` has gone. */
  detach(reader: EventStream): void;
  /** Ends the stream: nothing more will come. */
  end(): void;
  /** Lets go of its events: nobody can take it up any more. */
  forget(): void;
}

export interface SessionStreamOptions {
  /** Its number within the session. The ids of events name it, and the place in the stream. */
  readonly number: number;
  readonly memory: StreamMemory;
  /** Called when the reader has gone before the end. */
  readonly onLost?: () => void;
}

export function createSessionStream({ number, memory, onLost }: SessionStreamOptions): SessionStream {
  let reader: EventStream | undefined;
  let hasEnded = false;
  const idOf = (place: number) => `${number}-${place}`;
  return {
    get isRead() {
      return reader !== undefined;
    },
    get hasEnded() {
      return hasEnded;
    },
    get canResume() {
      return memory.last > 0;
    },
    send(text) {
      const id = idOf(memory.add(text));
      reader?.sendText(text, { event: 'message', id });
    },
    prime(retryMs) {
      const id = idOf(memory.add(''));
      reader?.sendText('', { id, retryMs });
    },
    attach(next, after = memory.last) {
      reader?.end();
      reader = next;
      for (const { place, text } of memory.after(after)) {
        if (text !== '') next.sendText(text, { event: 'message', id: idOf(place) });
      }
      if (hasEnded) next.end();
    },
    detach(gone) {
      if (reader !== gone) return;
      reader = undefined;
      onLost?.();
    },
    end() {
      hasEnded = true;
      reader?.end();
      reader = undefined;
    },
    forget: memory.clear,
  };
}

/** Reads the id of an event: the number of its stream and its place in it. */
export function readEventId(id: string): { readonly number: number; readonly place: number } | undefined {
  const [, number, place] = /^(\d{1,9})-(\d{1,9})$/.exec(id) ?? [];
  return number === undefined || place === undefined ? undefined : { number: Number(number), place: Number(place) };
}
