import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import type { ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { serveChanging } from '../changing-server.ts';
import { call, checksOf, serveHub, startHub } from '../mesh-of-tests.ts';
import { OddHttpAnswer, Refusal, serveOdd } from '../odd-server.ts';

jest.setTimeout(120_000);

const SECRET = 'hunter2-hunter2';
const RESOURCE = 'Bearer resource_metadata="https://auth.example.com/.well-known/oauth-protected-resource"';

/** Answers by the first part of the path. */
const SERVED: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  page: (res) => res.writeHead(200, { 'content-type': 'text/html' }).end(`<title>Sign in</title>${SECRET}`),
  unauthorized: (res) => res.writeHead(401, { 'www-authenticate': RESOURCE }).end(),
  missing: (res) => res.writeHead(404).end('nothing'),
  broken: (res) => res.writeHead(500, { 'content-type': 'text/plain' }).end('\u001b[31mdatabase is down'),
  full: (res) => res.writeHead(503, { 'retry-after': '9' }).end(),
  dropped: (res) => res.destroy(),
};

const command = (script: string) => ({
  command: process.execPath,
  args: ['-e', script],
  env: { MY_TOKEN: SECRET },
  workers: 1,
  sandbox: { enabled: false },
});

/** The words and the facts by which each upstream is explained. */
const EXPECTED: readonly [upstream: string, words: RegExp, facts: object][] = [
  ['page', /answered with status 200 and text\/html, which is not MCP/, { body: '<title>Sign in</title>[redacted]' }],
  ['unauthorized', /status 401; it wants credentials \(auth\.example\.com.*"headers"/, { http_status: 401 }],
  ['missing', /status 404; nothing is served there/, { http_status: 404 }],
  ['broken', /answered with status 500/, { http_status: 500, content_type: 'text/plain', body: 'database is down' }],
  ['full', /status 503; .*try again in 9 s/, { code: 'unavailable', http_status: 503 }],
  ['dropped', /dropped the connection/, { code: 'upstream_failed' }],
  ['refused', /cannot be reached; nothing listens at its address/, { network_code: 'ECONNREFUSED' }],
  [
    'exits',
    /exited with code 3.*the token \[redacted\] is wrong/,
    { exit_code: 3, stderr: ['the token [redacted] is wrong'] },
  ],
  ['document', /document was answered with status 404/, { http_status: 404 }],
];

describe('an upstream that cannot be used', () => {
  let hub: ServiceInProcess;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const served = await serveRaw((req, res) => void SERVED[req.url?.split('/')[1] ?? '']?.(res));
    const headers = { Authorization: `Bearer ${SECRET}` };
    const byUrl = Object.keys(SERVED).map((kind) => [kind, { url: `${served.url}/${kind}/mcp`, headers }]);
    hub = await serveHub({
      ...Object.fromEntries(byUrl),
      refused: { url: 'http://127.0.0.1:9/mcp' },
      exits: command('console.error(`the token ${process.env.MY_TOKEN} is wrong`); process.exit(3)'),
      document: { openapi: `${served.url}/missing/openapi.json` },
    });
    stop = async () => {
      await hub.stop(0);
      await served.stop();
    };
  });
  afterAll(() => stop());

  test.each(EXPECTED)('is explained at once, in every place: %s', async (upstream, words, facts) => {
    await until(() => hub.log.some((line) => line['upstream'] === upstream && line['status'] === 'down'));
    const line = hub.log.find((one) => one['upstream'] === upstream && one['status'] === 'down');
    expect(line).toMatchObject({ level: 'warn', reason: expect.stringMatching(words), ...facts });
    const stats = (await request(`${hub.url}/stats`)).body.upstreams[upstream];
    expect(stats).toMatchObject({ status: 'down', last_error: expect.stringMatching(words), failure: facts });
    expect((await checksOf(hub))[upstream]).toMatchObject({
      status: 'degraded',
      detail: expect.stringMatching(words),
    });
    expect(JSON.stringify(hub.log)).not.toContain(SECRET);
  });
});

test('tools of an upstream that is away say why, to the page as well', async () => {
  const server = await serveChanging('odd', {});
  const hub = await startHub({ odd: { url: server.url } });
  const listed = async () => (await request(`${hub.url}/tools`)).body.tools[0];
  await until(async () => (await listed())?.status === 'up');
  expect(await listed()).not.toHaveProperty('status_reason');
  server.leave();
  await call(hub, 'wake_odd');
  await until(async () => (await listed()).status !== 'up');
  expect(await listed()).toMatchObject({ server: 'odd', status_reason: expect.stringContaining('status 500') });
});

test('a refused call keeps its meaning, tells when to try again, and turns the upstream off for nobody', async () => {
  const refusals: Record<string, () => unknown> = {
    limited: () => new OddHttpAnswer(429, { 'retry-after': '7' }),
    later: () => new OddHttpAnswer(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }),
    full: () => new OddHttpAnswer(503, { 'retry-after': '9' }),
    unauthorized: () => new OddHttpAnswer(401, { 'www-authenticate': RESOURCE }),
    told: () => {
      throw new Refusal(-32_000, 'not now', { wait: 5 });
    },
    good: () => ({ content: [] }),
  };
  const tools = Object.keys(refusals).map((name) => ({ name, inputSchema: { type: 'object' } }));
  const answers = {
    'tools/list': () => ({ tools }),
    'tools/call': ({ name }: { name?: unknown }) => refusals[String(name)]?.(),
  };
  const { url } = await serveOdd('legacy', answers);
  const hub = await startHub({ odd: { url } });
  await until(async () => (await request(`${hub.url}/stats`)).body.upstreams.odd.status === 'up');

  const limited = await call(hub, 'limited');
  expect(limited).toMatchObject({ status: 429, body: { error: { code: 'rate_limited' } } });
  expect(limited.body.error.message).not.toContain('unknown');
  expect(limited.headers.get('retry-after')).toBe('7');
  const later = Number((await call(hub, 'later')).headers.get('retry-after'));
  expect(later).toBeGreaterThan(30);
  expect(later).toBeLessThanOrEqual(60);
  const full = await call(hub, 'full');
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '9']);
  expect((await call(hub, 'unauthorized')).body.error).toMatchObject({
    code: 'upstream_failed',
    message: expect.stringMatching(/auth\.example\.com.*"headers"/),
  });
  expect((await call(hub, 'told')).body.error).toMatchObject({ details: { code: -32_000, data: { wait: 5 } } });
  for (let at = 0; at < 10; at += 1) await call(hub, ['limited', 'full', 'unauthorized'][at % 3] ?? '');
  expect((await request(`${hub.url}/stats`)).body.upstreams.odd).toMatchObject({ breaker: 'closed', status: 'up' });
  expect((await call(hub, 'good')).status).toBe(200);
});

test('an idle upstream is asked for signs of life, not for its lists, and for these as often as it is told', async () => {
  const { url, methods } = await serveOdd('legacy', { 'tools/list': () => ({ tools: [] }) });
  const eager = await serveOdd('legacy', { 'tools/list': () => ({ tools: [] }) });
  const hub = await startHub({ calm: { url }, eager: { url: eager.url, list_interval_ms: 1_000 } });
  endWithTest({ stop: () => hub.stop(0) });
  const lists = (all: readonly string[]) => all.filter((method) => method === 'tools/list').length;
  await until(() => methods.includes('ping'));
  expect(lists(methods)).toBe(1);
  await until(() => lists(eager.methods) >= 3);
});
