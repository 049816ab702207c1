import { describe, expect, test } from '@jest/globals';
import { startDeadline, untilAborted, withDeadline } from '../../kit/faults/deadline.ts';

const late = () => new Error('too late');
const forever = () => new Promise<never>(() => {});

describe('withDeadline', () => {
  test('returns what the task returns, and tells the task of nothing later', async () => {
    let seen: AbortSignal | undefined;
    const result = await withDeadline({ ms: 10, late }, async (signal) => {
      seen = signal;
      return 'done';
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(result).toBe('done');
    expect(seen?.aborted).toBe(false);
  });

  test('does not wait for a task that ignores its signal', async () => {
    await expect(withDeadline({ ms: 10, late }, forever)).rejects.toThrow('too late');
  });

  test('ends when the caller aborts, with the reason of the caller', async () => {
    const caller = new AbortController();
    const ended = withDeadline({ signal: caller.signal, ms: 60_000, late }, forever);
    caller.abort(new Error('changed my mind'));
    await expect(ended).rejects.toThrow('changed my mind');
  });

  test('does not run a task for a caller that has gone', async () => {
    let runs = 0;
    const signal = AbortSignal.abort(new Error('gone'));
    const ended = withDeadline({ signal, ms: 60_000, late }, () => (runs += 1));
    await expect(ended).rejects.toThrow('gone');
    expect(runs).toBe(0);
  });

  test('passes on what the task throws', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    await expect(withDeadline({ ms: 60_000, late }, broken)).rejects.toThrow('broken');
  });
});

test('a deadline that was released does not abort any more', async () => {
  const caller = new AbortController();
  const { signal, release } = startDeadline({ signal: caller.signal, ms: 10, late });
  release();
  caller.abort();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(signal.aborted).toBe(false);
});

describe('untilAborted', () => {
  test('returns what the task returns', async () => {
    expect(await untilAborted(new AbortController().signal, async () => 1)).toBe(1);
  });

  test('does not wait for the task when the signal aborts', async () => {
    const caller = new AbortController();
    const ended = untilAborted(caller.signal, forever);
    caller.abort(new Error('gone'));
    await expect(ended).rejects.toThrow('gone');
  });
});
