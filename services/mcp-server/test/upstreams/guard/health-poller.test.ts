import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { HttpStatusError } from '@toolmesh/shared/kit/faults/resilience';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { createRedactor } from '@toolmesh/shared/kit/text/redact';
import { NOTHING_READ, type ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createFailureLog } from '../../../src/upstreams/guard/failure-log.ts';
import { createHealthPoller, type HealthPollerOptions } from '../../../src/upstreams/guard/health-poller.ts';
import { nextPoll, type PollState } from '../../../src/upstreams/guard/poll-plan.ts';
import { ProcessEnd } from '../../../src/upstreams/stdio/process-end.ts';

describe('the plan of polls', () => {
  const intervals = { checkMs: 5_000, listMs: 60_000, downMs: 500 };
  const state: PollState = { status: 'up', now: 100_000, downSince: 0, listedAt: 100_000 };

  test('asks an upstream that is up for signs of life, and rarely for its lists', () => {
    expect(nextPoll(state, intervals)).toEqual({ kind: 'check', inMs: 5_000 });
    expect(nextPoll({ ...state, now: 157_000 }, intervals)).toEqual({ kind: 'list', inMs: 3_000 });
    expect(nextPoll({ ...state, now: 500_000 }, intervals)).toEqual({ kind: 'list', inMs: 0 });
    expect(nextPoll(state, { ...intervals, checkMs: undefined })).toEqual({ kind: 'list', inMs: 60_000 });
  });

  test('tries one that has just gone often, and one that is away for long rarely', () => {
    const away = (ms: number) => nextPoll({ ...state, status: 'down', downSince: state.now - ms }, intervals).inMs;
    expect([0, 1_000, 8_000, 40_000, 3_600_000].map(away)).toEqual([500, 500, 2_000, 10_000, 30_000]);
  });
});

const OFFER: ReadOffer = { ...NOTHING_READ, tools: [{ name: 'a', inputSchema: { type: 'object' } }] };

/** Polls an upstream that answers as it is told; a poll or a check hangs until it is. */
function startPoller(options: Partial<HealthPollerOptions> = {}) {
  const log: Record<string, unknown>[] = [];
  const asked: string[] = [];
  let answer: () => Promise<ReadOffer> = async () => OFFER;
  const ask = async (kind: string): Promise<ReadOffer> => {
    asked.push(kind);
    return answer();
  };
  const poller = createHealthPoller({
    name: 'tested',
    displayName: 'The upstream tested',
    logger: createLogger({
      service: 'test',
      level: 'info',
      destination: { write: (line) => void log.push(JSON.parse(line)) },
    }),
    redact: createRedactor({ TOKEN: 'se-cret' }),
    poll: () => ask('list'),
    check: () => ask('check').then(() => 'alive'),
    intervals: () => ({ checkMs: 10, listMs: 3_600_000, downMs: 5 }),
    timeoutMs: 60_000,
    onChange: () => {},
    ...options,
  });
  endWithTest({ stop: async () => poller.stop() });
  const fail = (error: Error) => {
    answer = () => Promise.reject(error);
  };
  return { poller, log, asked, fail, recover: () => void (answer = async () => OFFER) };
}
const failed = (message: string, cause?: unknown) => new MeshError('upstream_failed', message, { cause });

describe('a poller', () => {
  test('asks for the lists once, then for signs of life, until a check fails', async () => {
    const { poller, asked, fail, recover } = startPoller();
    await until(() => asked.length >= 10);
    expect(poller.status).toBe('up');
    expect(asked.filter((kind) => kind === 'list')).toHaveLength(1);
    fail(failed('it is away'));
    await until(() => poller.status === 'down');
    expect(poller.offer).toBe(OFFER);
    recover();
    await until(() => poller.status === 'up');
    expect(poller.failure).toBeUndefined();
  });

  test('says at once, at warn, why a new upstream is not up, without its secrets and control characters', async () => {
    const end = new ProcessEnd('exited with code 1', {
      exitCode: 1,
      signal: null,
      lastLines: ['\u001b[31mTOKEN se-cret\u001b[0m is wrong\u0007'],
    });
    const { poller, log } = startPoller({ poll: () => Promise.reject(failed('exited with code 1: se-cret', end)) });
    await until(() => log.length > 0);
    expect(log[0]).toMatchObject({
      level: 'warn',
      upstream: 'tested',
      status: 'down',
      reason: 'exited with code 1: [redacted]',
      exit_code: 1,
      stderr: ['TOKEN [redacted] is wrong'],
    });
    expect(poller.failure).toMatchObject({ code: 'upstream_failed', exit_code: 1, since: expect.any(String) });
    const attempts = poller.failure?.attempts ?? 0;
    await until(() => (poller.failure?.attempts ?? 0) > attempts + 5);
    expect(log).toHaveLength(1);
  });

  test('takes an answered call as a sign of life', async () => {
    const { poller, fail, recover } = startPoller({
      intervals: () => ({ checkMs: 10, listMs: 3_600_000, downMs: 3_600_000 }),
    });
    await until(() => poller.status === 'up');
    fail(failed('it is away'));
    await until(() => poller.status === 'stale');
    recover();
    poller.alive();
    await until(() => poller.status === 'up');
    expect(poller.lastError).toBeUndefined();
  });

  test('says what a poll waited for when its time is over, and never that the hub is at fault', async () => {
    const { poller } = startPoller({ poll: () => new Promise(() => {}), timeoutMs: 20 });
    await until(() => poller.failure !== undefined);
    expect(poller.lastError).toBe('The upstream tested did not answer within 20 ms');
    expect(poller.failure).toMatchObject({ code: 'upstream_timeout' });
  });
});

test('the log of failures repeats a reason only now and then, and others within bounds', () => {
  const lines: string[] = [];
  let now = 0;
  const destination = { write: (line: string) => void lines.push(JSON.parse(line).reason) };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const log = createFailureLog({ name: 'tested', logger, now: () => now });
  const fail = (reason: string, http_status: number) =>
    log.isNotUp('down', reason, { code: 'upstream_failed', since: '', attempts: 1, http_status });
  for (let second = 0; second < 100; second += 1, now += 1_000) fail(`status 500, at ${second}`, 500);
  expect(lines).toHaveLength(1);
  fail('status 401', 401);
  expect(lines).toEqual(['status 500, at 0', 'status 401']);
  fail('status 403', 403);
  expect(lines).toHaveLength(2);
  now += 600_000;
  fail('status 401', 401);
  expect(lines).toHaveLength(3);
});

test('facts of a failure name the HTTP status', async () => {
  const { poller } = startPoller({ poll: () => Promise.reject(failed('answered', new HttpStatusError(502))) });
  await until(() => poller.failure !== undefined);
  expect(poller.failure).toMatchObject({ http_status: 502 });
});
