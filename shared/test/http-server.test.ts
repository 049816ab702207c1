import { request as rawRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { post, request } from '../test-kit/requests.ts';
import { serveTools } from '../test-kit/serve-tools.ts';
import { defineTool } from '../kit/tools/tool.ts';

const echo = defineTool({
  name: 'echo',
  description: 'Repeats its input.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  run: (input) => input,
});
const slow = defineTool({
  name: 'slow',
  description: 'Takes its time.',
  input: z.object({ ms: z.number() }),
  output: z.object({ done: z.boolean() }),
  run: async ({ ms }, { signal }) => {
    await sleep(ms, undefined, { signal });
    return { done: true };
  },
});
/** Returns a tool that runs until `end`, and when it has begun. */
function heldUntil(end: Promise<void>) {
  const began = Promise.withResolvers<void>();
  const tool = defineTool({
    name: 'held',
    description: 'Runs until the test lets it go.',
    input: z.object({}),
    output: z.object({ done: z.boolean() }),
    run: async () => {
      began.resolve();
      await end;
      return { done: true };
    },
  });
  return { tool, isRunning: began.promise };
}
const broken = defineTool({
  name: 'broken',
  description: 'Has a bug.',
  input: z.object({}),
  output: z.object({}),
  run: () => {
    throw new Error('secret detail of /etc/passwd');
  },
});

let service: Awaited<ReturnType<typeof serveTools>>;
beforeAll(async () => {
  service = await serveTools([echo, slow, broken]);
});
afterAll(() => service.stop(0));

describe('probes', () => {
  test('say that the process answers, what it is and since when', async () => {
    const { status, body } = await request(`${service.url}/health`);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'healthy',
      service: 'test',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      uptime_seconds: expect.any(Number),
    });
  });

  test('say that it is ready', async () => {
    expect(await request(`${service.url}/ready`)).toMatchObject({ status: 200, body: { status: 'ready', checks: {} } });
  });
});

describe('ids', () => {
  test('accept a well-formed request id and give it back', async () => {
    const { headers } = await request(`${service.url}/health`, { headers: { 'x-request-id': 'my_id-1' } });
    expect(headers.get('x-request-id')).toBe('my_id-1');
  });

  test.each(['has space', 'x'.repeat(65), 'a;b'])('make one in place of "%s"', async (id) => {
    const { headers } = await request(`${service.url}/health`, { headers: { 'x-request-id': id } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('stand in the body of an error and on its log line, with the trace of the caller', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = { 'x-request-id': 'seen-by-all', traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const { body } = await post(`${service.url}/tools/broken`, {}, { headers });
    expect(body.error.request_id).toBe('seen-by-all');
    const line = service.lines.map((text) => JSON.parse(text)).find(({ request_id }) => request_id === 'seen-by-all');
    expect(line).toMatchObject({ level: 'error', service: 'test', trace_id: traceId });
  });
});

describe('errors', () => {
  const bodies: [string, string, number, string][] = [
    ['a body that is not JSON', '{"arguments":', 400, 'invalid_request'],
    ['a body that is no object', '[1]', 400, 'invalid_request'],
    ['arguments of the wrong type', '{"arguments":"text"}', 400, 'invalid_request'],
    ['arguments that break the schema', '{"arguments":{"text":1}}', 422, 'invalid_arguments'],
    [
      'a body that is too large',
      JSON.stringify({ arguments: { text: 'x'.repeat(2 ** 20) } }),
      413,
      'payload_too_large',
    ],
  ];
  test.each(bodies)('%s', async (_name, body, status, code) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await request(`${service.url}/tools/echo`, { method: 'POST', headers, body });
    expect(answer).toMatchObject({ status, body: { error: { code, message: expect.any(String) } } });
  });

  const deep = (levels: number) => `{"arguments":{"text":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`;
  test.each([
    ['/tools/echo', deep(65), {}],
    ['/tools/echo', deep(20_000), {}],
    ['/tools/echo/stream', deep(65), {}],
    ['/mcp', deep(65), { 'mcp-method': 'tools/call', 'mcp-protocol-version': '2026-07-28', 'mcp-name': 'echo' }],
    ['/mcp', deep(65), { accept: 'application/json, text/event-stream' }],
    ['/mcp', deep(65), { 'content-type': 'text/plain; application/json' }],
    ['/mcp', `[${deep(64)}]`, { 'mcp-session-id': 'x' }],
  ])('%s refuses a body that is nested too deep, before it is parsed', async (path, body, headers) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
    const answer = await request(service.url + path, init);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
    expect(answer.body.error.message).toContain('deeper than 64 levels');
  });

  test('64 levels are read', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await request(`${service.url}/tools/echo`, { method: 'POST', headers, body: deep(64) });
    expect(answer).toMatchObject({ status: 422, body: { error: { code: 'invalid_arguments' } } });
  });

  test.each(['utf-16le', 'utf-16be', 'utf-7'])('JSON in %s is refused: its levels are not counted', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    const init = { method: 'POST', headers, body: Buffer.from(deep(70), 'utf16le') };
    expect((await request(`${service.url}/tools/echo`, init)).status).toBe(400);
    expect((await request(`${service.url}/mcp`, init)).status).toBe(400);
  });

  test('a body of another type is refused with a hint', async () => {
    const headers = { 'content-type': 'text/plain' };
    const { status, body } = await request(`${service.url}/tools/echo`, { method: 'POST', headers, body: '{}' });
    expect(status).toBe(400);
    expect(body.error.message).toContain('content-type application/json; came text/plain');
  });

  test('an unknown route names the nearest', async () => {
    const { status, body } = await request(`${service.url}/helth`);
    expect(status).toBe(404);
    expect(body.error).toMatchObject({
      code: 'not_found',
      details: { did_you_mean: expect.arrayContaining(['GET /health']) },
    });
  });

  test('a bug is answered without detail and logged in full', async () => {
    const { status, body } = await post(`${service.url}/tools/broken`, {});
    expect(status).toBe(500);
    expect(body.error.code).toBe('internal');
    expect(JSON.stringify(body)).not.toContain('passwd');
    expect(service.lines.some((line) => line.includes('secret detail'))).toBe(true);
  });
});

describe('metrics', () => {
  test('carry route patterns, never paths', async () => {
    for (let i = 0; i < 20; i += 1) await request(`${service.url}/tools/none-${i}/x-${i}`);
    await post(`${service.url}/tools/echo`, { arguments: { text: 'hi' } });
    const { body, headers } = await request(`${service.url}/metrics`);
    expect(headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(body).toMatch(/http_requests_total\{method="POST",route="\/tools\/:name",status="200"\} \d/);
    expect(body).toMatch(/http_requests_total\{method="GET",route="unmatched",status="404"\} \d/);
    expect(body).not.toContain('none-1');
    expect(body).toMatch(/http_request_duration_seconds_bucket\{le="[\d.]+",method="POST",route="\/tools\/:name"\}/);
    expect(body).toMatch(/^http_requests_in_flight 1$/m);
    expect(body).toContain('process_cpu_seconds_total');
  });
});

describe('documentation', () => {
  test('is an OpenAPI 3.1 document with every tool and its schemas', async () => {
    const { body } = await request(`${service.url}/openapi.json`);
    expect(body.openapi).toMatch(/^3\.1/);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/health', '/ready', '/metrics', '/tools', '/tools/echo', '/tools/{name}/stream']),
    );
    const { requestBody } = body.paths['/tools/echo'].post;
    expect(requestBody.content['application/json'].schema.properties.arguments).toMatchObject({
      type: 'object',
      required: ['text'],
    });
  });

  test('has a page that loads nothing from elsewhere', async () => {
    const { status, body, headers } = await request(`${service.url}/docs/`);
    expect(status).toBe(200);
    expect(body).toContain('swagger-ui');
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  });
});

/** fetch() does not let a test set these headers. */
function getWithHeaders(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = rawRequest(url, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('access', () => {
  test('refuses host names that are not its own, against DNS rebinding', async () => {
    expect(await getWithHeaders(`${service.url}/tools`, { host: 'evil.example' })).toBe(403);
    expect(await getWithHeaders(`${service.url}/tools`, { host: 'localhost:1234' })).toBe(200);
  });

  test('refuses pages of other origins and lets any port of this machine call', async () => {
    const evil = await request(`${service.url}/tools`, { headers: { origin: 'https://evil.example' } });
    expect(evil.status).toBe(403);
    expect(evil.headers.get('access-control-allow-origin')).toBeNull();
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000']) {
      const own = await request(`${service.url}/tools`, { headers: { origin } });
      expect(own.status).toBe(200);
      expect(own.headers.get('access-control-allow-origin')).toBe(origin);
      expect(own.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('answers the preflight of a page that may call', async () => {
    const headers = {
      origin: 'http://localhost:5173',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    const { status, headers: allowed } = await request(`${service.url}/tools/echo`, { method: 'OPTIONS', headers });
    expect(status).toBe(204);
    expect(allowed.get('access-control-allow-methods')).toContain('POST');
  });

  test('asks for the key where there is one, except for probes', async () => {
    const locked = await serveTools([echo], { API_KEY: 'open-sesame' });
    const call = (headers: Record<string, string>) =>
      post(`${locked.url}/tools/echo`, { arguments: { text: 'hi' } }, { headers });
    expect(await call({})).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    expect((await call({ 'x-api-key': 'wrong' })).status).toBe(401);
    expect((await call({ 'x-api-key': 'open-sesame' })).status).toBe(200);
    expect((await call({ authorization: 'Bearer open-sesame' })).status).toBe(200);
    for (const path of ['/health', '/ready', '/metrics']) expect((await request(locked.url + path)).status).toBe(200);
    expect((await post(`${locked.url}/mcp`, {})).status).toBe(401);
    expect(locked.lines.join('')).not.toContain('open-sesame');
    await locked.stop(0);
  });
});

describe('stopping', () => {
  test('ends what is running, refuses what is new, and says so at /ready', async () => {
    const drained = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const held = heldUntil(ended.promise);
    const stopping = await serveTools([slow, held.tool], {}, { drain: () => drained.promise });
    const running = post(`${stopping.url}/tools/held`, {});
    await held.isRunning;
    const stopped = stopping.stop(60_000);
    const justInTime = post(`${stopping.url}/tools/slow`, { arguments: { ms: 1 } });
    expect((await request(`${stopping.url}/ready`)).status).toBe(503);
    expect((await justInTime).status).toBe(200);
    drained.resolve();
    await drained.promise;
    const refused = await post(`${stopping.url}/tools/slow`, { arguments: { ms: 1 } });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await request(`${stopping.url}/ready`)).toMatchObject({
      status: 503,
      body: { status: 'not_ready', checks: { stopping: { status: 'failed', detail: expect.any(String) } } },
    });
    ended.resolve();
    expect(await running).toMatchObject({ status: 200, body: { structured_content: { done: true } } });
    await stopped;
    await expect(request(`${stopping.url}/health`)).rejects.toThrow('fetch failed');
  });

  test('cuts off what takes longer than the grace', async () => {
    const held = heldUntil(new Promise(() => {}));
    const stopping = await serveTools([held.tool]);
    const outcome = post(`${stopping.url}/tools/held`, {}).catch(() => 'cut off');
    await held.isRunning;
    await stopping.stop(200);
    expect(await outcome).toBe('cut off');
  });
});
