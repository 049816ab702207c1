import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, expect, jest, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { timeLeft } from '../src/workers/fair-time.ts';
import { openProcessUsage } from '../src/workers/process-usage.ts';

jest.setTimeout(240_000);

const busy: ChildProcess[] = [];
afterAll(() => {
  for (const child of busy) child.kill('SIGKILL');
});

test.each([
  ['one that sleeps', { wallMs: 1_000, cpuMs: 0, waitedMs: 0 }, 0],
  ['one that runs all the time', { wallMs: 1_000, cpuMs: 990, waitedMs: 10 }, 10],
  ['one that had a processor for a tenth of the time', { wallMs: 1_000, cpuMs: 100, waitedMs: 900 }, 900],
  ['one that has had what it missed', { wallMs: 1_900, cpuMs: 1_000, waitedMs: 900 }, 0],
  ['many processes that keep each other waiting', { wallMs: 1_000, cpuMs: 2_000, waitedMs: 970 }, 0],
  ['one that waits on, up to twice its time', { wallMs: 2_900, cpuMs: 50, waitedMs: 2_850 }, 100],
  ['one that has waited for that long', { wallMs: 3_000, cpuMs: 50, waitedMs: 2_950 }, 0],
])('a program with a second of time, %s, has so much left', (_what, spent, left) => {
  expect(timeLeft(spent, 1_000)).toBe(left);
});

test('no program waits for more than half a minute beyond its time', () => {
  expect(timeLeft({ wallMs: 149_000, cpuMs: 0, waitedMs: 148_000 }, 120_000)).toBe(1_000);
  expect(timeLeft({ wallMs: 150_000, cpuMs: 0, waitedMs: 149_000 }, 120_000)).toBe(0);
});

test('a bound of its own may be longer than twice a short time', () => {
  const spent = { wallMs: 1_350, cpuMs: 20, waitedMs: 1_100 };
  expect(timeLeft(spent, 350)).toBe(0);
  expect(timeLeft(spent, 350, 3_000)).toBe(100);
});

test('a process that shares its processor is seen to wait, and one that sleeps is not', async () => {
  const start = (...command: readonly string[]): number => {
    const child = spawn('/usr/bin/taskset', ['-c', '0', '/bin/sh', '-c', ...command], { stdio: 'ignore' });
    busy.push(child);
    return child.pid ?? 0;
  };
  const [first, , sleeper] = [start('while :; do :; done'), start('while :; do :; done'), start('sleep 60')];
  await until(() => openProcessUsage(first).cpuMs() > 50);
  const [waited, slept] = [first, sleeper].map((pid) => openProcessUsage(pid).watchWaiting());
  await until(() => (waited?.() ?? 0) > 100);
  expect(slept?.()).toBeLessThan(100);
});
