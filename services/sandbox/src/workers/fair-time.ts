import { mostWaitedMs } from '@toolmesh/shared/contracts/execution';
import type { ProcessUsage } from './process-usage.ts';

/** A run so far, in milliseconds: by the clock, and as its processes used the processors or waited for one. */
export interface TimeSpent {
  readonly wallMs: number;
  /** Processor time of all its processes. */
  readonly cpuMs: number;
  /** The time for which the one that waited longest could have run and had no processor. */
  readonly waitedMs: number;
}

/**
 * Returns the milliseconds that a program may go on for before the next look; 0 when its time is over. The time for which
 * it waited for a processor is not its own, up to a bound, unless it has used as much processor time as it may take:
 * then it is its own processes that keep each other waiting.
 */
export function timeLeft(
  { wallMs, cpuMs, waitedMs }: TimeSpent,
  timeoutMs: number,
  mostMs = mostWaitedMs(timeoutMs),
): number {
  const own = Math.max(wallMs - waitedMs, Math.min(wallMs, cpuMs));
  const bound = timeoutMs + mostMs;
  return Math.max(0, Math.min(timeoutMs - own, bound - wallMs));
}

/** Time after its beginning at which a program's waiting begins to count: most have ended by then. */
const COUNTED_AFTER_MS = 40;
/** The shortest time that is worth going on for. */
const SHORTEST_MS = 5;

export interface FairTimeOptions {
  readonly usage: ProcessUsage;
  /** Processor time that the processes had used before. */
  readonly cpuMsBefore: number;
  readonly timeoutMs: number;
  /** Most milliseconds beyond `timeoutMs`; default: as for a whole program. */
  readonly mostMs?: number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** Waits until the time of a program that begins now is over. Resolves with the time for which it waited for a processor. */
export async function untilTimeIsOver(options: FairTimeOptions): Promise<number> {
  const { usage, cpuMsBefore, timeoutMs, mostMs, sleep } = options;
  const started = performance.now();
  const uncounted = Math.min(COUNTED_AFTER_MS, timeoutMs / 4);
  await sleep(uncounted);
  const waited = usage.watchWaiting();
  await sleep(timeoutMs - uncounted);
  for (;;) {
    const waitedMs = waited();
    const spent = { wallMs: performance.now() - started, cpuMs: usage.cpuMs() - cpuMsBefore, waitedMs };
    const left = timeLeft(spent, timeoutMs, mostMs);
    if (left < SHORTEST_MS) return Math.max(0, spent.wallMs - timeoutMs);
    await sleep(left);
  }
}
