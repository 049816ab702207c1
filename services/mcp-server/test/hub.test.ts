import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { freePort, serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { StartFailure, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { offeredName } from '../src/catalogue/names.ts';
import {
  areAllUp,
  call,
  checksOf,
  MAIN,
  sayer,
  serveUpstream,
  startHub,
  writeMesh,
  listedBy,
} from './mesh-of-tests.ts';

const upstream = (names: readonly string[], env: Record<string, string> = {}, port = 0) =>
  serveUpstream(
    names.map((name) => sayer(name)),
    env,
    port,
  );

describe('the hub', () => {
  test('offers the tools of all its upstreams, over REST and MCP', async () => {
    const [one, two] = [await upstream(['alpha', 'beta']), await upstream(['gamma'])];
    const hub = await startHub({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp` } });

    await until(() => areAllUp(hub));
    const tools = await listedBy(hub);
    expect(tools.map(({ name, server, status }: Record<string, string>) => [name, server, status])).toEqual([
      ['alpha', 'one', 'up'],
      ['beta', 'one', 'up'],
      ['gamma', 'two', 'up'],
    ]);
    expect(tools[0]).toMatchObject({
      description: 'Says alpha.',
      input_schema: { type: 'object' },
      annotations: { readOnlyHint: true },
    });
    expect((await call(hub, 'gamma', { word: 'hi' })).body).toMatchObject({
      tool: 'gamma',
      is_error: false,
      structured_content: { said: 'hi' },
      duration_ms: expect.any(Number),
    });
    expect(await request(`${hub.url}/ready`)).toMatchObject({
      status: 200,
      body: { checks: { one: { status: 'ok' }, two: { status: 'ok' } } },
    });

    for (const mode of ['legacy', 'auto'] as const) {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
      await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp`)));
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
        'alpha',
        'beta',
        'gamma',
        'search_tools',
        'call_tool',
      ]);
      expect((await client.callTool({ name: 'alpha', arguments: {} })).structuredContent).toEqual({ said: 'alpha' });
      await client.close();
    }
  });

  test('passes on what the upstream refuses, and names near tools', async () => {
    const one = await upstream(['alpha']);
    const hub = await startHub({ one: { url: `${one.url}/mcp` } });
    expect(await call(hub, 'alpha', { word: 1 })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', details: [{ path: 'word' }] } },
    });
    expect(await call(hub, 'alpa')).toMatchObject({
      status: 404,
      body: { error: { code: 'tool_not_found', details: { did_you_mean: ['alpha'] } } },
    });
  });

  test('loses only the tools of an upstream that dies, and has them back by itself', async () => {
    const [one, two] = [await upstream(['alpha']), await upstream(['beta'])];
    const hub = await startHub({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp` } });
    const cutOff = call(hub, 'alpha', { ms: 5_000 });
    await sleep(100);
    await one.stop(0);

    expect(await cutOff).toMatchObject({
      status: 502,
      body: { error: { code: 'upstream_failed', message: expect.stringContaining('alpha') } },
    });
    expect(await call(hub, 'alpha')).toMatchObject({ status: 502, body: { error: { details: { upstream: 'one' } } } });
    expect((await call(hub, 'beta')).status).toBe(200);
    await until(async () => (await checksOf(hub))['one']?.status === 'degraded');
    const ready = await request(`${hub.url}/ready`);
    expect(ready).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: { one: { detail: expect.stringContaining('cannot be reached') }, two: { status: 'ok' } },
      },
    });
    const { body } = await request(`${hub.url}/tools`);
    expect(body.tools.find(({ name }: { name: string }) => name === 'alpha').status).not.toBe('up');
    expect((await request(`${hub.url}/metrics`)).body).toMatch(/^mcp_upstream_up\{upstream="one"\} 0$/m);

    await upstream(['alpha', 'delta'], {}, one.port);
    expect((await call(hub, 'alpha')).status).toBe(200);
    await until(async () => (await checksOf(hub))['one']?.status === 'ok');
    expect((await call(hub, 'delta')).status).toBe(200);
    const { body: metrics } = await request(`${hub.url}/metrics`);
    expect(metrics).toMatch(/^mcp_upstream_up\{upstream="one"\} 1$/m);
    expect(metrics).toMatch(/^mcp_tool_executions_total\{tool_name="alpha",status="failed"\} 2$/m);
    expect(metrics).toMatch(/^mcp_tool_executions_total\{tool_name="beta",status="success"\} 1$/m);
    expect(metrics).toMatch(/^mcp_tool_execution_seconds_count\{tool_name="beta"\} 1$/m);
  });

  test('starts without an upstream that is not there yet, and finds it when it comes', async () => {
    const [one, port] = [await upstream(['alpha']), await freePort()];
    const hub = await startHub({ one: { url: `${one.url}/mcp` }, late: { url: `http://127.0.0.1:${port}/mcp` } });
    expect((await call(hub, 'alpha')).status).toBe(200);
    expect((await checksOf(hub))['late']?.status).toBe('degraded');
    await upstream(['omega'], {}, port);
    await until(async () => (await call(hub, 'omega')).status === 200);
  });

  test('is ready without upstreams that refuse or are silent, but not without one that is required', async () => {
    const [one, port] = [await upstream(['alpha']), await freePort()];
    const silent = endWithTest(await serveRaw(() => {}));
    const needed = { url: `http://127.0.0.1:${port}/mcp`, required: true };
    const others = {
      one: { url: `${one.url}/mcp` },
      silent: { url: silent.url },
      dead: { ...needed, required: false },
    };
    const hub = await startHub(others);
    expect(await request(`${hub.url}/ready`)).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: { one: { status: 'ok' }, silent: { status: 'degraded' }, dead: { status: 'degraded' } },
      },
    });
    const strict = await startHub({ one: others.one, needed });
    expect(await request(`${strict.url}/ready`)).toMatchObject({
      status: 503,
      body: { status: 'not_ready', checks: { one: { status: 'ok' }, needed: { status: 'failed' } } },
    });
    expect((await call(strict, 'alpha')).status).toBe(200);
    await upstream(['beta'], {}, port);
    await until(async () => (await request(`${strict.url}/ready`)).status === 200);
  });

  test('lets an upstream that hangs delay nobody else, and rest after a while', async () => {
    const [one, two] = [await upstream(['alpha']), await upstream(['stuck'])];
    const stuck = { url: `${two.url}/mcp`, timeout_ms: 2_000 };
    const hub = await startHub({ one: { url: `${one.url}/mcp` }, stuck });
    const hang = () => call(hub, 'stuck', { ms: 5_000 });
    const ended: number[] = [];
    const note = ({ status }: { status: number }) => ended.push(status);
    await Promise.all([...Array.from({ length: 5 }, () => hang().then(note)), call(hub, 'alpha').then(note)]);
    expect(ended).toEqual([200, 504, 504, 504, 504, 504]);
    const resting = await hang();
    expect(resting).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(resting.headers.get('retry-after')).toBe('1');
    const { body: metrics } = await request(`${hub.url}/metrics`);
    expect(metrics).toMatch(/^mcp_upstream_breaker_open\{upstream="stuck"\} 1$/m);
    expect((await call(hub, 'alpha')).status).toBe(200);
    await until(async () => (await call(hub, 'stuck')).status === 200);
  });

  test('refuses calls that are nested too deep, which no upstream is blamed for', async () => {
    const one = await upstream(['alpha']);
    const hub = await startHub({ one: { url: `${one.url}/mcp` } });
    const deep = (levels: number) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"arguments":{"word":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`,
    });
    // 64 levels pass the door of the hub, and two more stand around them in the message to the upstream.
    for (const levels of [64, 65, 20_000, 64, 64, 64, 64, 64, 64]) {
      expect(await request(`${hub.url}/tools/alpha`, deep(levels))).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request', message: expect.stringContaining('deeper than 64 levels') } },
      });
    }
    expect((await call(hub, 'alpha')).status).toBe(200);
    expect((await request(`${hub.url}/stats`)).body.upstreams.one).toMatchObject({ status: 'up', breaker: 'closed' });
  });

  test('gives a ticket for a WebSocket to who has the key, and to nobody else', async () => {
    const hub = await startHub({}, { API_KEY: 'the-key' });
    expect(await post(`${hub.url}/ws/tickets`, {})).toMatchObject({ status: 401 });
    const { status, body, headers } = await post(`${hub.url}/ws/tickets`, {}, { headers: { 'x-api-key': 'the-key' } });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/ws/tools/any?ticket=${body.ticket}`);
    await once(socket, 'open');
    socket.close();
    await once(socket, 'close');
    expect(JSON.stringify(hub.log)).not.toContain(body.ticket);
  });

  test('puts a prefix before names, and offers only what it is told to', async () => {
    const [one, two] = [await upstream(['alpha', 'beta', 'gamma']), await upstream(['alpha', 'beta'])];
    const hub = await startHub({
      one: { url: `${one.url}/mcp`, prefix: 'one_', include: ['alpha', 'beta'], exclude: ['beta'] },
      two: { url: `${two.url}/mcp`, exclude: ['beta'] },
    });
    expect((await listedBy(hub)).map(({ name }: { name: string }) => name)).toEqual(['one_alpha', 'alpha']);
    expect((await call(hub, 'one_alpha')).body).toMatchObject({
      tool: 'one_alpha',
      structured_content: { said: 'alpha' },
    });
  });

  test('sends the headers that mesh.json has for an upstream, with variables in them', async () => {
    const one = await upstream(['alpha'], { API_KEY: 'of-the-upstream' });
    const hub = await startHub(
      {
        one: {
          url: '${ONE_URL:-http://nowhere}/mcp',
          headers: { 'x-api-key': '${ONE_KEY}', 'x-empty': '${NOT_SET:-}' },
        },
      },
      { ONE_URL: one.url, ONE_KEY: 'of-the-upstream' },
    );
    expect((await call(hub, 'alpha')).status).toBe(200);
    expect(JSON.stringify(hub.log)).not.toContain('of-the-upstream');
  });

  test('streams a call as server-sent events', async () => {
    const one = await upstream(['alpha']);
    const hub = await startHub({ one: { url: `${one.url}/mcp` } });
    const { body } = await post(`${hub.url}/tools/alpha/stream`, { arguments: {} });
    expect(body).toMatch(
      /^event: result\ndata: \{"status":"success".*\n\nevent: done\ndata: \{"status":"complete"\}\n\n$/s,
    );
  });

  test('documents the tools of its upstreams', async () => {
    const one = await upstream(['alpha']);
    const hub = await startHub({ one: { url: `${one.url}/mcp` } });
    const { body } = await request(`${hub.url}/openapi.json`);
    expect(body.paths['/tools/alpha'].post.description).toBe('Says alpha.');
  });
});

describe('a start of the hub', () => {
  const failureOf = async (env: Record<string, string>) => {
    const outcome = await startServiceProcess(MAIN, env).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(StartFailure);
    return outcome;
  };

  test('is refused when two upstreams offer one name, naming both', async () => {
    const [one, two] = [await upstream(['alpha']), await upstream(['alpha'])];
    const mesh = writeMesh({ first: { url: `${one.url}/mcp` }, second: { url: `${two.url}/mcp` } });
    expect(await failureOf({ MESH_CONFIG: mesh })).toMatchObject({
      code: 78,
      message: expect.stringContaining('"alpha" is offered by first and by second'),
    });
  });

  test('is that of its good entries: each other is down and says what to correct, in every place', async () => {
    const one = await upstream(['alpha']);
    const hub = await startHub({
      bad: { url: 'nonsense', colour: 'red' },
      good: { url: `${one.url}/mcp` },
      'un/set': { command: 'x', args: ['${NOT_SET_ANYWHERE}'] },
      off: { url: 'nonsense', disabled: true },
    });
    const unset = offeredName('', 'un/set');
    const { upstreams } = (await request(`${hub.url}/stats`)).body;
    expect(upstreams).toMatchObject({
      bad: {
        kind: 'url',
        status: 'down',
        last_error: expect.stringContaining('mcpServers.bad.url: must be an http or https URL'),
        warnings: [expect.stringContaining('mcpServers.bad.colour: is not known here')],
      },
      good: { status: 'up', tools: 1 },
      [unset]: {
        name: 'un/set',
        kind: 'command',
        status: 'down',
        last_error: expect.stringContaining('${NOT_SET_ANYWHERE}: this variable is not set'),
      },
    });
    expect(Object.keys(upstreams)).toHaveLength(3);
    const checks = (await request(`${hub.url}/ready`)).body.checks;
    expect(checks).toMatchObject({
      bad: { status: 'degraded' },
      [unset]: { status: 'degraded' },
      good: { status: 'ok' },
    });
    const levels = hub.log.map(({ level, upstream: of, warning }) => [level, of ?? warning]);
    expect(levels).toContainEqual(['error', 'bad']);
    expect(levels).toContainEqual(['error', unset]);
    expect(levels).toContainEqual(['warn', expect.stringContaining('mcpServers.bad.colour')]);
    expect((await post(`${hub.url}/tools/alpha`, { arguments: {} })).status).toBe(200);
  });

  test.each([
    ['/nowhere/mesh.json', 'cannot be read'],
    [new URL('./hub.test.ts', import.meta.url).pathname, 'not valid JSON'],
  ])('says what is wrong with the file %s', async (path, text) => {
    expect(await failureOf({ MESH_CONFIG: path })).toMatchObject({ code: 78, message: expect.stringContaining(text) });
  });
});
