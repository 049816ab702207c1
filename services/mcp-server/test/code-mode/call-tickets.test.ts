import { fileURLToPath } from 'node:url';
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { contextHeaders, currentContext, runInContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { z } from 'zod';
import { hub as service } from '../../src/service.ts';
import { type EraClient, openClient } from '../era-clients.ts';
import { areAllUp, call, sayer, serveUpstream, writeMesh } from '../mesh-of-tests.ts';

jest.setTimeout(60_000);

const clients: EraClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close().catch(() => {})));
});

/** The headers that the service of a program was sent, for calls back to the hub. */
let sent: Record<string, string> = {};
let hubUrl = '';

/** A tool whose program is the path of a request to the hub, as a sandbox sends it. */
const runner = defineTool({
  name: 'run_it',
  description: 'Runs a program.',
  input: z.object({ code: z.string(), tools: z.union([z.boolean(), z.array(z.string())]).optional() }),
  output: z.object({ status: z.number(), body: z.unknown() }),
  run: async ({ code }, { signal }) => {
    const { programDepth = 0, ...context } = currentContext() ?? {
      requestId: '',
      trace: { traceId: '', spanId: '', flags: '' },
    };
    sent = runInContext({ ...context, programDepth: programDepth + 1 }, contextHeaders);
    return request(code, signal);
  },
});

async function request(path: string, signal: AbortSignal | null = null) {
  const init = path === '/tools' ? {} : { method: 'POST', body: '{}' };
  const answer = await fetch(hubUrl + path, {
    ...init,
    signal,
    headers: { 'content-type': 'application/json', ...sent },
  });
  return { status: answer.status, body: Object(await answer.json()) };
}

/** A tool that tells the baggage that it was called with, and is slow on demand. */
const seen: (string | undefined)[] = [];
let isCancelled = false;
const teller = defineTool({
  name: 'tell',
  description: 'Tells.',
  input: z.object({}),
  output: z.object({}),
  run: () => {
    seen.push(contextHeaders()['baggage']);
    return {};
  },
});
const sleeper = defineTool({
  name: 'wait_forever',
  description: 'Never ends.',
  input: z.object({}),
  output: z.object({}),
  run: (_input, { signal }) =>
    new Promise((_resolve, reject) => {
      seen.push('sleeping');
      signal.addEventListener('abort', () => {
        isCancelled = true;
        reject(signal.reason);
      });
    }),
});

async function startHubWithRunner() {
  const upstream = await serveUpstream([runner, sayer('one'), sayer('two'), teller, sleeper]);
  const file = fileURLToPath(new URL('../upstreams/stdio/counter-server.ts', import.meta.url));
  const counter = { command: process.execPath, args: [file], sandbox: { enabled: false } };
  const mesh = writeMesh({});
  const content = {
    mcpServers: { tools: { url: `${upstream.url}/mcp` }, counter },
    sets: { few: { include: ['run_it', 'one'] } },
  };
  writeFileSync(mesh, JSON.stringify(content));
  const hub = endWithTest(await serveInProcess(service, { ...process.env, MESH_CONFIG: mesh }));
  hubUrl = hub.url;
  await until(() => areAllUp(hub));
  return hub;
}

const run = async (path: string, set = '') => {
  const client = await openClient('modern', `${hubUrl}/mcp${set}`);
  clients.push(client);
  const params = { name: 'run_it', arguments: { code: path, tools: true } };
  return Object((await client.request('tools/call', params)).structuredContent);
};

describe('a program that a tool runs', () => {
  test('calls and lists the tools of the set that it was called through, and no other', async () => {
    await startHubWithRunner();
    expect(await run('/tools/one', '/few')).toMatchObject({
      status: 200,
      body: { structured_content: { said: 'one' } },
    });
    expect(await run('/tools/two', '/few')).toMatchObject({ status: 404, body: { error: { code: 'tool_not_found' } } });
    const { body } = await run('/tools', '/few');
    expect(body.tools.map(({ name }: { name: string }) => name).toSorted()).toEqual(['one', 'run_it']);
    expect(await run('/tools/two')).toMatchObject({ status: 200 });
    const all = await run('/tools');
    expect(all.body.tools.map(({ name }: { name: string }) => name)).not.toContain('call_tool');
  });

  test('calls in the conversation of its caller', async () => {
    const hub = await startHubWithRunner();
    const headers = { 'content-type': 'application/json', 'x-conversation-id': 'b7ad6b71-69203331-mine' };
    const post = async (tool: string, args: object) =>
      Object(
        await (
          await fetch(`${hub.url}/tools/${tool}`, {
            method: 'POST',
            headers,
            body: JSON.stringify({ arguments: args }),
          })
        ).json(),
      );
    const own = (await post('count', {})).structured_content;
    const inner = (await post('run_it', { code: '/tools/count', tools: true })).structured_content;
    expect(inner.body.structured_content).toEqual({ ...own, count: 2 });
    const without = (await call(hub, 'run_it', { code: '/tools/count', tools: true })).body.structured_content;
    expect(without.body.structured_content.pid).not.toBe(own.pid);
  });

  test('can call nothing once it has ended, and tells no other server of its call', async () => {
    await startHubWithRunner();
    seen.splice(0);
    expect(await run('/tools/tell')).toMatchObject({ status: 200 });
    expect(seen).toEqual(['toolmesh.program_depth=1']);
    expect(sent['baggage']).toMatch(/toolmesh\.program_depth=1,toolmesh\.call=all\.\S+/);
    expect(await request('/tools/tell')).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
    expect(await request('/tools')).toMatchObject({ status: 403 });
    expect(seen).toHaveLength(1);
  });

  test('takes its calls with it when its caller leaves', async () => {
    const hub = await startHubWithRunner();
    seen.splice(0);
    isCancelled = false;
    const leaving = new AbortController();
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, signal: leaving.signal };
    const body = JSON.stringify({ arguments: { code: '/tools/wait_forever', tools: ['wait_forever'] } });
    const left = fetch(`${hub.url}/tools/run_it`, { ...init, body });
    await until(() => seen.includes('sleeping'));
    leaving.abort();
    await expect(left).rejects.toThrow('abort');
    await until(() => isCancelled);
  });

  test('has no ticket where it was given no tools', async () => {
    const hub = await startHubWithRunner();
    await call(hub, 'run_it', { code: '/tools/one' });
    expect(sent['baggage']).toBe('toolmesh.program_depth=1');
  });
});
