import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { INHERITED_ENV, TEST_ENV } from '@toolmesh/shared/test-kit/test-env';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Fixture, startFixture } from '../../conformance/fixture.ts';
import { serveHub, writeMesh } from '../../mesh-of-tests.ts';

jest.setTimeout(60_000);

const STDIO_MAIN = fileURLToPath(new URL('../../../src/stdio.ts', import.meta.url));
const SIMPLE = { content: [{ type: 'text', text: 'This is a simple text response for testing.' }] };

let fixture: Fixture;
let hub: Awaited<ReturnType<typeof serveHub>>;
beforeAll(async () => {
  fixture = await startFixture();
  hub = await serveHub({ fixture: { url: fixture.url } });
});
afterAll(() => Promise.all([fixture.stop(), hub.stop(0)]));

const environment = () => ({
  ...INHERITED_ENV,
  ...TEST_ENV,
  MESH_CONFIG: writeMesh({ fixture: { url: fixture.url } }),
});
const command = () => ({
  command: process.execPath,
  args: [STDIO_MAIN],
  env: environment(),
  stderr: 'ignore' as const,
});

/** Connects the SDK's first version, with a user who fills in each form. */
async function connectOld(transport: Transport) {
  const client = new OldClient({ name: 'old', version: '1' }, { capabilities: { elicitation: {} } });
  const methods: string[] = [];
  client.fallbackNotificationHandler = async ({ method }) => void methods.push(method);
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept', content: { name: 'ann' } }));
  await client.connect(transport);
  return { client, methods };
}

describe.each([
  ['HTTP+SSE of 2024', () => new SSEClientTransport(new URL(`${hub.url}/sse`))],
  ['standard input and output', () => new OldStdioTransport(command())],
])('over %s', (_name, open) => {
  test('a client lists, calls, is asked, hears of progress and of changes, and cancels', async () => {
    const { client, methods } = await connectOld(open());
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('test_simple_text');
    expect(await client.callTool({ name: 'test_simple_text', arguments: {} })).toMatchObject(SIMPLE);
    const asked = await client.callTool({ name: 'test_input_required_result_elicitation', arguments: {} });
    expect(asked).toMatchObject({ content: [{ text: 'Hello, ann!' }] });
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, undefined, { onprogress });
    expect(seen).toEqual([0, 50, 100]);
    await client.callTool({ name: 'test_trigger_tool_change', arguments: {} });
    await until(() => methods.includes('notifications/tools/list_changed'));

    const stop = new AbortController();
    const before = fixture.seen.length;
    const hung = client.callTool({ name: 'test_until_cancelled', arguments: {} }, undefined, {
      signal: stop.signal,
      onprogress: () => stop.abort(),
    });
    await expect(hung).rejects.toThrow(/abort/i);
    await until(() => fixture.seen.slice(before).some(({ signal }) => signal.aborted));
    await client.close();
  });
});

describe('HTTP+SSE of 2024', () => {
  test('names the other endpoint, has 404 for a session that is gone, and 405 for what is neither', async () => {
    const gone = new AbortController();
    const { body, headers } = await fetch(`${hub.url}/sse`, { signal: gone.signal });
    expect(headers.get('content-type')).toContain('text/event-stream');
    const pieces = body?.pipeThrough(new TextDecoderStream()).getReader();
    const [, path = ''] =
      /^event: endpoint\ndata: (\/messages\?session_id=\S+)\n\n/.exec(String((await pieces?.read())?.value)) ?? [];
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    expect(await post(hub.url + path, ping)).toMatchObject({ status: 202, body: 'Accepted' });
    expect(String((await pieces?.read())?.value)).toContain('data: {"jsonrpc":"2.0","id":1,"result":{}}');
    expect(await post(hub.url + path, 7)).toMatchObject({ status: 400 });
    gone.abort();
    await until(async () => (await post(hub.url + path, ping)).status === 404);
    expect((await request(hub.url + path)).status).toBe(405);
    expect((await post(`${hub.url}/sse`, ping)).status).toBe(405);
  });
});

describe('standard input and output', () => {
  /** Runs the hub on these lines. */
  async function run(lines: readonly string[]) {
    const { env } = command();
    const child = spawn(process.execPath, [STDIO_MAIN], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
    const [code] = await once(child, 'close');
    return {
      code,
      answers: output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    };
  }

  test('a client of 2026-07-28 is served', async () => {
    const client = new Client({ name: 'new', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new StdioClientTransport(command()));
    expect(await client.callTool({ name: 'test_simple_text', arguments: {} })).toMatchObject(SIMPLE);
    const changed = Promise.withResolvers<string>();
    client.fallbackNotificationHandler = async ({ method }) => changed.resolve(method);
    await client.listen({ toolsListChanged: true });
    await client.callTool({ name: 'test_trigger_tool_change', arguments: {} });
    expect(await changed.promise).toBe('notifications/tools/list_changed');
    await client.close();
  });

  test('has nothing but messages, answers all that it got, and ends with its input', async () => {
    const call = { method: 'tools/call', params: { name: 'test_simple_text', arguments: {} } };
    const { code, answers } = await run([
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      '',
      'no JSON',
      '['.repeat(100),
      '{"jsonrpc":"2.0","id":2}',
      JSON.stringify([{ jsonrpc: '2.0', id: 3, method: 'ping' }]),
      JSON.stringify({ jsonrpc: '2.0', id: 4, ...call }),
      `"${'x'.repeat(2 ** 24)}"`,
    ]);
    expect(code).toBe(0);
    expect(answers.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    const numbers = answers.map(({ id, error }): number => error?.code ?? id);
    expect(numbers.toSorted((one, other) => one - other)).toEqual([-32_700, -32_700, -32_700, -32_600, 1, 3, 4]);
    expect(answers.find(({ id }) => id === 4)).toMatchObject({ result: SIMPLE });
  });
});
