import { describe, expect, test } from '@jest/globals';
import { MeshError } from '../kit/faults/errors.ts';
import { retry } from '../kit/faults/resilience.ts';

const options = { retries: 2, isRetryable: () => true, signal: new AbortController().signal, baseDelayMs: 1 };

/** A task that fails `times` times, and how often it was called. */
function failing(times: number, error: Error = new Error('down')) {
  const calls = { count: 0 };
  const task = async () => {
    calls.count += 1;
    if (calls.count <= times) throw error;
    return 'up';
  };
  return { calls, task };
}

describe('retry', () => {
  test('tries again until it works', async () => {
    const { calls, task } = failing(2);
    expect(await retry(task, options)).toBe('up');
    expect(calls.count).toBe(3);
  });

  test('gives up with the last error', async () => {
    const { calls, task } = failing(9);
    await expect(retry(task, options)).rejects.toThrow('down');
    expect(calls.count).toBe(3);
  });

  test('does not repeat what cannot get better', async () => {
    const { calls, task } = failing(9);
    await expect(retry(task, { ...options, isRetryable: () => false })).rejects.toThrow('down');
    expect(calls.count).toBe(1);
  });

  test('waits as long as the upstream asked for', async () => {
    const { task } = failing(1, new MeshError('rate_limited', 'slow down', { retryAfterSeconds: 0.2 }));
    const started = performance.now();
    expect(await retry(task, options)).toBe('up');
    expect(performance.now() - started).toBeGreaterThan(190);
  });

  test('does not wait longer than its caller would', async () => {
    const { calls, task } = failing(1, new MeshError('rate_limited', 'slow down', { retryAfterSeconds: 3_600 }));
    await expect(retry(task, options)).rejects.toThrow('slow down');
    expect(calls.count).toBe(1);
  });

  test('ends at once when its caller does', async () => {
    const caller = new AbortController();
    const { task } = failing(1, new MeshError('rate_limited', 'slow down', { retryAfterSeconds: 5 }));
    setTimeout(() => caller.abort(new Error('gone')), 20);
    const started = performance.now();
    await expect(retry(task, { ...options, signal: caller.signal })).rejects.toThrow('gone');
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});
