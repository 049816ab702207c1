import { expect, test } from '@jest/globals';
import { createWaitingQueue } from '../../kit/faults/waiting-queue.ts';

const full = () => new Error('full');
const late = () => new Error('late');
const queueOf = (options: { maxLength?: number; maxWaitMs?: number } = {}) =>
  createWaitingQueue<string>({ maxLength: 2, maxWaitMs: 60_000, full, late, ...options });
const never = new AbortController().signal;

test('serves callers in the order of their arrival', async () => {
  const queue = queueOf();
  const waits = [queue.wait(never), queue.wait(never)];
  expect(queue.length).toBe(2);
  expect([queue.serve('first'), queue.serve('second'), queue.serve('nobody')]).toEqual([true, true, false]);
  expect(queue.length).toBe(0);
  expect(await Promise.all(waits)).toEqual(['first', 'second']);
});

test('refuses a caller that finds it full', async () => {
  const queue = queueOf({ maxLength: 1 });
  const first = queue.wait(never);
  await expect(queue.wait(never)).rejects.toThrow('full');
  queue.serve('it');
  expect(await first).toBe('it');
});

test('lets go of a caller that has waited too long', async () => {
  const queue = queueOf({ maxWaitMs: 10 });
  await expect(queue.wait(never)).rejects.toThrow('late');
  expect(queue.length).toBe(0);
});

test('lets a caller leave from its middle; the others keep their places', async () => {
  const queue = queueOf({ maxLength: 3 });
  const caller = new AbortController();
  const first = queue.wait(never);
  const second = queue.wait(caller.signal);
  const third = queue.wait(never);
  caller.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  queue.serve('a');
  queue.serve('b');
  expect(await Promise.all([first, third])).toEqual(['a', 'b']);
});

test('does not let a caller in that has gone already', async () => {
  const queue = queueOf();
  await expect(queue.wait(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  expect(queue.serve('it')).toBe(false);
});

test('rejects all that wait', async () => {
  const queue = queueOf();
  const waits = Promise.allSettled([queue.wait(never), queue.wait(never)]);
  queue.refuse(new Error('closing'));
  expect(queue.length).toBe(0);
  expect((await waits).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
