import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type EraClient, openClient } from '../../era-clients.ts';
import { areAllUp, call, startHub } from '../../mesh-of-tests.ts';
import { isAlive } from './stdio-kit.ts';

jest.setTimeout(60_000);

const file = fileURLToPath(new URL('counter-server.ts', import.meta.url));
const counter = (more: object = {}) => ({
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', file],
  sandbox: { enabled: false },
  ...more,
});

const clients: EraClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close().catch(() => {})));
});

async function startCounter(more: object = {}, env: Record<string, string> = {}) {
  const hub = await startHub({ counter: counter(more) }, { MIN_WORKERS: '2', MAX_WORKERS: '8', ...env });
  await until(() => areAllUp(hub));
  return hub;
}

async function openSession(hub: TestedService): Promise<EraClient> {
  const client = await openClient('legacy', `${hub.url}/mcp`);
  clients.push(client);
  return client;
}

interface Counted {
  readonly count: number;
  readonly pid: number;
}

const resultOf = (client: EraClient, name: string, args: object = {}) =>
  client.request('tools/call', { name, arguments: { ...args } });
const say = async (client: EraClient, name: string, args: object = {}): Promise<Counted> => {
  const { structuredContent } = await resultOf(client, name, args);
  return Object(structuredContent);
};
const textOf = ({ content }: Record<string, unknown>): string => JSON.stringify(content);
const workersOf = async (hub: TestedService) => (await request(`${hub.url}/stats`)).body.upstreams.counter.workers;

describe('a session with a stdio server that has state', () => {
  test('has one process of its own, which no other session and no call without one gets', async () => {
    const hub = await startCounter();
    const [one, other] = [await openSession(hub), await openSession(hub)];
    const seen: [Counted, Counted, Counted][] = [];
    for (let i = 1; i <= 5; i += 1) {
      const rest = call(hub, 'count').then(({ body }) => body.structured_content);
      seen.push(await Promise.all([say(one, 'count'), say(other, 'count'), rest]));
    }
    const pidsOf = (index: 0 | 1 | 2) => new Set(seen.map((round) => round[index].pid));
    expect(seen.map(([mine, others]) => [mine.count, others.count])).toEqual([1, 2, 3, 4, 5].map((n) => [n, n]));
    expect([...pidsOf(0), ...pidsOf(1)]).toHaveLength(2);
    expect(pidsOf(2).isDisjointFrom(pidsOf(0).union(pidsOf(1)))).toBe(true);
    expect(await workersOf(hub)).toMatchObject({ sessions: 2, min: 2, max: 8 });
  });

  test('keeps it over calls in parallel and polls of the lists, and is not moved', async () => {
    const hub = await startCounter();
    const client = await openSession(hub);
    const { pid } = await say(client, 'count');
    const parallel = await Promise.all(Array.from({ length: 12 }, () => say(client, 'sleep', { ms: 50 })));
    expect(new Set(parallel.map((seen) => seen.pid))).toEqual(new Set([pid]));
    // A call during each of many polls.
    for (let i = 0; i < 20; i += 1) expect(await say(client, 'look')).toEqual({ count: 1, pid });
    expect((await workersOf(hub)).sessions).toBe(1);
  });

  test('has it ended with the session, and never passed on to another', async () => {
    const hub = await startCounter();
    const first = await openSession(hub);
    const { pid } = await say(first, 'count');
    await first.close();
    await until(() => !isAlive(pid));
    const next = await say(await openSession(hub), 'count');
    expect(next.count).toBe(1);
    expect(next.pid).not.toBe(pid);
    expect((await workersOf(hub)).sessions).toBe(1);
  });

  test('is told once when its process is gone: by the call that it ran, or by the next', async () => {
    const hub = await startCounter();
    const client = await openSession(hub);
    await say(client, 'count');
    const crashed = await resultOf(client, 'crash');
    expect(crashed).toMatchObject({ isError: true });
    expect(textOf(crashed)).toMatch(/exited with code 9.*the state that it kept for this session is lost/);
    const { pid, count } = await say(client, 'count');
    expect(count).toBe(1);

    process.kill(pid, 'SIGKILL');
    await until(async () => (await workersOf(hub)).sessions === 0);
    const refused = await resultOf(client, 'count');
    expect(refused).toMatchObject({ isError: true });
    expect(textOf(refused)).toMatch(/is gone: ended: killed by SIGKILL. Its state is lost, and nothing was run/);
    const after = await say(client, 'count');
    expect(after.count).toBe(1);

    // One that only reads can do no harm in a new process.
    process.kill(after.pid, 'SIGKILL');
    await until(async () => (await workersOf(hub)).sessions === 0);
    const read = await resultOf(client, 'look');
    expect(read).toMatchObject({ structuredContent: { count: 0 }, _meta: { 'io.toolmesh/state_lost': {} } });
    expect(textOf(read)).toContain('Its state is lost; this call ran in a new process');
    expect(textOf(await resultOf(client, 'look'))).not.toContain('lost');
  });

  test('gives it up for another session when there are as many as may be, and is told', async () => {
    const hub = await startCounter({ workers: { sessions: 2 } });
    const [first, second, third] = [await openSession(hub), await openSession(hub), await openSession(hub)];
    const { pid } = await say(first, 'count');
    const atWork = say(second, 'sleep', { ms: 3_000 });
    await until(async () => (await workersOf(hub)).sessions === 2);
    expect(await say(third, 'count')).toMatchObject({ count: 1 });
    expect(isAlive(pid)).toBe(false);
    const busy = say(third, 'sleep', { ms: 3_000 });
    const refused = await resultOf(first, 'look');
    expect(textOf(refused)).toMatch(
      /has 2 processes for sessions, and all are at work.*workers.sessions.* in mesh.json/,
    );
    await Promise.all([atWork, busy]);
    expect(textOf(await resultOf(first, 'count'))).toMatch(/there may be 2 such processes, and another session needed/);
    expect(await say(first, 'count')).toMatchObject({ count: 1 });
  });

  test('loses it after a long rest', async () => {
    const hub = await startCounter({ workers: { session_idle_ms: 1_000 } });
    const client = await openSession(hub);
    const { pid } = await say(client, 'count');
    await until(() => !isAlive(pid));
    expect(textOf(await resultOf(client, 'count'))).toMatch(/it was not used for 1 s/);
  });

  test.each([
    ['"stateless": true', { stateless: true }],
    ['"workers": 1', { workers: 1 }],
    ['"workers": {"max": 1}', { workers: { min: 1, max: 1 } }],
  ])('shares the processes of all where its entry says %s', async (_says, entry) => {
    const hub = await startCounter(entry, { MAX_WORKERS: '1', MIN_WORKERS: '1' });
    const [one, other] = [await openSession(hub), await openSession(hub)];
    const { pid } = await say(one, 'count');
    expect(await say(other, 'count')).toEqual({ count: 2, pid });
    expect((await call(hub, 'count')).body.structured_content).toEqual({ count: 3, pid });
    expect(await workersOf(hub)).toMatchObject({ total: 1, sessions: 0 });
  });

  test('hears alone of changes of its resources, and can call what its process offers anew', async () => {
    const hub = await startCounter();
    const [one, other] = [await openSession(hub), await openSession(hub)];
    await Promise.all([one.listen('counter://count'), other.listen('counter://count')]);
    const updates = ({ notifications }: EraClient) =>
      notifications.filter(({ method }) => method === 'notifications/resources/updated').length;
    await say(other, 'look');
    await until(async () => {
      await say(one, 'count');
      return updates(one) > 0;
    });
    expect(updates(other)).toBe(0);

    const { pid } = await say(one, 'learn');
    await until(async () => JSON.stringify(await one.request('tools/list')).includes('learnt'));
    expect(await say(one, 'learnt')).toMatchObject({ pid });
    await one.close();
    await until(async () => !JSON.stringify(await other.request('tools/list')).includes('learnt'));
  });
});

test('a command that nobody calls has one process, and is polled without looking busy', async () => {
  const hub = await startCounter();
  const seen = new Set<string>();
  // At every list and some pings later.
  for (let i = 0; i < 40; i += 1) {
    const { total, busy, sessions } = await workersOf(hub);
    seen.add(`${total} ${busy} ${sessions}`);
  }
  expect(seen).toEqual(new Set(['1 0 0']));
  await call(hub, 'look');
  await until(async () => (await workersOf(hub)).total === 2);
});
