import { setTimeout as sleep } from 'node:timers/promises';
import { MeshError } from '../../faults/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Counter } from '../../telemetry/metrics.ts';
import { networkOf } from './address.ts';

/** Keys that a service checks: its own, or that of an administrator. */
export type KeyKind = 'api' | 'admin';

/**
 * Notes keys that are missing or wrong. Guessing is slow and is seen: each wrong key of an address costs a longer pause
 * than the one before, more than {@link LIMIT} a minute are refused, and all of them are counted and logged. A right key
 * is never held up, also from an address that others send wrong ones from.
 */
export interface WrongKeys {
  /** Counts a request without a key. */
  noteMissing(kind: KeyKind): void;
  /** Counts a wrong key from `address` without a pause, where the request is answered all the same. */
  note(kind: KeyKind, address: string | undefined): void;
  /** Counts a wrong key from `address` and resolves after its pause. @throws MeshError rate_limited */
  punish(kind: KeyKind, address: string | undefined): Promise<void>;
}

/** The wrong keys of one address since the first of them. */
export interface Attempts {
  readonly sinceMs: number;
  readonly count: number;
}

/** Wrong keys that an address may send within {@link PERIOD_MS}. */
const LIMIT = 10;
const PERIOD_MS = 60_000;
const MAX_PAUSE_MS = 500;
/** Addresses that are remembered; the one that was quiet for longest makes room. */
const MAX_ADDRESSES = 4_096;
/** Requests that are held up at the same time; further ones are refused at once. */
const MAX_HELD = 256;
/** Lines that may be logged within a period, over all addresses. */
const MAX_LINES = 20;

/** Adds a wrong key to the attempts of an address, which begin anew after {@link PERIOD_MS}. */
export function withOneMore(attempts: Attempts | undefined, nowMs: number): Attempts {
  if (attempts === undefined || nowMs - attempts.sinceMs >= PERIOD_MS) return { sinceMs: nowMs, count: 1 };
  return { ...attempts, count: attempts.count + 1 };
}

/** Returns the pause that the latest of some attempts costs, or how long no further one is answered. */
export function costOf(
  { sinceMs, count }: Attempts,
  nowMs: number,
): { readonly pauseMs: number; readonly lockedMs: number } {
  if (count > LIMIT) return { pauseMs: 0, lockedMs: sinceMs + PERIOD_MS - nowMs };
  return { pauseMs: count === 1 ? 0 : Math.min(MAX_PAUSE_MS, 25 * 2 ** (count - 2)), lockedMs: 0 };
}

export interface WrongKeysOptions {
  readonly logger: Logger;
  /** Counts requests without a key that is needed, and those with a wrong one. */
  readonly failures?: Counter<'key' | 'reason'>;
  readonly now?: () => number;
}

export function createWrongKeys({ logger, failures, now = () => performance.now() }: WrongKeysOptions): WrongKeys {
  /** The address that sent one longest ago comes first. */
  const table = new Map<string, Attempts>();
  let held = 0;
  let lines = 0;
  let sweep: NodeJS.Timeout | undefined;

  const log = (fields: object, message: string): void => {
    lines += 1;
    if (lines <= MAX_LINES) logger.warn(fields, message);
    if (lines === MAX_LINES) logger.warn('more addresses send wrong keys; further lines are left out for a minute');
  };
  /** Sums up the addresses whose period is over. */
  const summarize = (): void => {
    lines = 0;
    for (const [address, { sinceMs, count }] of table) {
      if (now() - sinceMs < PERIOD_MS) continue;
      table.delete(address);
      if (count > 1) log({ address, wrong: count }, 'wrong keys were sent within a minute');
    }
    if (table.size > 0) return;
    clearInterval(sweep);
    sweep = undefined;
  };
  const note = (kind: KeyKind, from: string | undefined): Attempts => {
    failures?.inc({ key: kind, reason: 'wrong' });
    const address = networkOf(from);
    const attempts = withOneMore(table.get(address), now());
    table.delete(address);
    table.set(address, attempts);
    const [oldest] = table.keys();
    if (table.size > MAX_ADDRESSES && oldest !== undefined) table.delete(oldest);
    sweep ??= setInterval(summarize, PERIOD_MS).unref();
    if (attempts.count === 1) log({ address, key: kind }, 'a wrong key was sent');
    return attempts;
  };

  return {
    noteMissing: (kind) => failures?.inc({ key: kind, reason: 'missing' }),
    note: (kind, from) => void note(kind, from),
    async punish(kind, from) {
      const { pauseMs, lockedMs } = costOf(note(kind, from), now());
      if (lockedMs > 0 || held >= MAX_HELD) throw tooMany(Math.max(1_000, lockedMs));
      held += 1;
      await sleep(pauseMs, undefined, { ref: false });
      held -= 1;
    },
  };
}

function tooMany(waitMs: number): MeshError {
  const retryAfterSeconds = Math.ceil(waitMs / 1_000);
  return new MeshError('rate_limited', `Too many wrong keys came from this address; wait ${retryAfterSeconds} s`, {
    retryAfterSeconds,
  });
}
