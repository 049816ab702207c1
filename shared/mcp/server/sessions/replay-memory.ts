export interface ReplayLimits {
  /** Events that one stream keeps. */
  readonly maxEvents: number;
  /** Size of the events that one stream keeps, in UTF-16 units. */
  readonly maxLength: number;
  /** The same of all streams together. */
  readonly maxTotalLength: number;
}

export const REPLAY_LIMITS: ReplayLimits = { maxEvents: 128, maxLength: 2 ** 20, maxTotalLength: 2 ** 25 };

/** An event that was sent, with its place in its stream, from 1. */
export interface SentEvent {
  readonly place: number;
  readonly text: string;
}

/** The last events of one stream, for a reader that lost them on the way. */
export interface StreamMemory {
  /** The place of the last event, kept or not. */
  readonly last: number;
  /** Returns the place of the event. */
  add(text: string): number;
  /** Returns the events after a place that are still there. */
  after(place: number): readonly SentEvent[];
  /** Lets go of all events. */
  clear(): void;
}

/** Makes the memories of streams, which share one bound: the oldest stream loses its events first. */
export function createReplayMemory(limits: ReplayLimits = REPLAY_LIMITS): () => StreamMemory {
  const memories = new Set<BoundedMemory>();
  let total = 0;
  const drop = (memory: BoundedMemory): void => {
    const dropped = memory.events.shift();
    if (dropped === undefined) return;
    memory.length -= dropped.text.length;
    total -= dropped.text.length;
    if (memory.events.length === 0) memories.delete(memory);
  };
  return () => {
    const memory: BoundedMemory = { events: [], length: 0 };
    let last = 0;
    return {
      get last() {
        return last;
      },
      add(text) {
        last += 1;
        memory.events.push({ place: last, text });
        memory.length += text.length;
        total += text.length;
        memories.add(memory);
        while (memory.events.length > limits.maxEvents || memory.length > limits.maxLength) drop(memory);
        for (const oldest of memories) {
          if (total <= limits.maxTotalLength) break;
          while (oldest.events.length > 0 && total > limits.maxTotalLength) drop(oldest);
        }
        return last;
      },
      after: (place) => memory.events.filter((event) => event.place > place),
      clear() {
        while (memory.events.length > 0) drop(memory);
      },
    };
  };
}

interface BoundedMemory {
  readonly events: SentEvent[];
  length: number;
}
