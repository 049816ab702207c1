import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '@jest/globals';
import { afterCheck, type HealthCount, UNCHECKED } from '@toolmesh/shared/kit/service/health-count';
import { watchHealth } from '../watch-health.ts';

/** Runs checks of process 1, `.` for an answer and `x` for none, and returns after which ones it has to end. */
function hungAfter(checks: string, from: HealthCount = UNCHECKED): readonly number[] {
  let health = from;
  return checks.split('').flatMap((check, index) => {
    const next = afterCheck(health, { pid: 1, isAnswering: check === '.' });
    health = next;
    return next.isHung ? [index + 1] : [];
  });
}

describe('a service', () => {
  test('hangs when six checks in a row have no answer; one answer starts the count again', () => {
    expect(hungAfter(`.${'x'.repeat(6)}`)).toEqual([7]);
    expect(hungAfter('.xxxxx.xxxxx.')).toEqual([]);
    expect(hungAfter(`.${'x'.repeat(13)}`)).toEqual([7, 13]);
  });

  test('that has never answered has two minutes to start, and so has the process after it', () => {
    expect(hungAfter('x'.repeat(24))).toEqual([24]);
    const old: HealthCount = { pid: 7, hasAnswered: true, failures: 5 };
    expect(hungAfter('x'.repeat(23), old)).toEqual([]);
  });

  test('that is not running does not hang', () => {
    let health: HealthCount = { pid: 7, hasAnswered: true, failures: 5 };
    for (let check = 0; check < 100; check += 1) {
      const next = afterCheck(health, { pid: undefined, isAnswering: false });
      expect(next.isHung).toBe(false);
      health = next;
    }
  });

  test('that stands still is noticed, and ended by a signal that it cannot ignore', async () => {
    const program = `process.on('SIGTERM', () => {});
      require('node:http').createServer((_, res) => res.end()).listen(0, function () { console.log(this.address().port) });`;
    const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(createInterface(child.stdout), 'line');
    const url = `http://127.0.0.1:${port}/health`;
    const ask = () =>
      fetch(url, { signal: AbortSignal.timeout(500) }).then(
        ({ ok }) => ok,
        () => false,
      );
    let answers = 0;
    const stop = watchHealth({
      pid: () => (child.exitCode === null && child.signalCode === null ? child.pid : undefined),
      ask: async () => {
        const isAnswering = await ask();
        answers += isAnswering ? 1 : 0;
        // It stands still once it has been seen to answer.
        if (answers === 3) child.kill('SIGSTOP');
        return isAnswering;
      },
      onHung: () => void child.kill('SIGKILL'),
      intervalMs: 20,
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(answers).toBe(3);
    stop();
  });
});
