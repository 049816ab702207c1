import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { type IdleClock, startIdleClock } from '../../kit/faults/idle-clock.ts';

const late = (limit: 'idle' | 'total') => new Error(limit);

async function reasonOf({ signal }: IdleClock): Promise<unknown> {
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason;
}

/** Restarts a clock every few milliseconds, until it aborts. */
function keepAlive(clock: IdleClock): void {
  const timer = setInterval(() => clock.restart(), 5);
  clock.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

test('aborts after a silence', async () => {
  expect(await reasonOf(startIdleClock({ idleMs: 10, totalMs: 60_000, late }))).toEqual(new Error('idle'));
});

test('aborts after the time in all, whatever came in between', async () => {
  const clock = startIdleClock({ idleMs: 60_000, totalMs: 40, late });
  keepAlive(clock);
  expect(await reasonOf(clock)).toEqual(new Error('total'));
});

test('counts no silence while it is paused, but the time in all', async () => {
  const clock = startIdleClock({ idleMs: 10, totalMs: 50, late });
  clock.pause();
  expect(await reasonOf(clock)).toEqual(new Error('total'));
});

test('counts the silence anew after a pause', async () => {
  const clock = startIdleClock({ idleMs: 10, late });
  clock.pause();
  await sleep(40);
  expect(clock.signal.aborted).toBe(false);
  clock.restart();
  expect(await reasonOf(clock)).toEqual(new Error('idle'));
});

test('aborts with its caller', async () => {
  const caller = new AbortController();
  const clock = startIdleClock({ signal: caller.signal, idleMs: 60_000, late });
  caller.abort(new Error('gone'));
  expect(await reasonOf(clock)).toEqual(new Error('gone'));
  expect(startIdleClock({ signal: caller.signal, idleMs: 60_000, late }).signal.reason).toEqual(new Error('gone'));
});

test('stays quiet when it was released', async () => {
  const caller = new AbortController();
  const clock = startIdleClock({ signal: caller.signal, idleMs: 10, totalMs: 20, late });
  clock.release();
  clock.restart();
  caller.abort();
  await sleep(40);
  expect(clock.signal.aborted).toBe(false);
});
