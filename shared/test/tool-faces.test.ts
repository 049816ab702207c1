import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createMcpClient } from '../mcp/client/mcp-client.ts';
import { post, request } from '../test-kit/requests.ts';
import { serveTools } from '../test-kit/serve-tools.ts';
import { until } from '../test-kit/waiting.ts';
import { MeshError } from '../kit/faults/errors.ts';
import { defineTool, quietContext, type RelayedTool, ToolFailure } from '../kit/tools/tool.ts';

const divide = defineTool({
  name: 'divide',
  title: 'Divide',
  description: 'Divides one number by another.',
  input: z.object({ dividend: z.number(), divisor: z.number().default(2) }),
  output: z.object({ quotient: z.number() }),
  annotations: { readOnlyHint: true },
  run: ({ dividend, divisor }) => {
    if (divisor === 0) throw new ToolFailure('Nothing can be divided by zero');
    return { quotient: dividend / divisor };
  },
});
const count = defineTool({
  name: 'count',
  description: 'Counts aloud.',
  input: z.object({ to: z.int() }),
  output: z.object({ counted: z.int() }),
  run: async ({ to }, { progress, chunk }) => {
    for (let i = 1; i <= to; i += 1) {
      progress({ progress: i, total: to, message: `at ${i}` });
      chunk({ number: i });
    }
    return { counted: to };
  },
});
const hang = defineTool({
  name: 'hang',
  description: 'Never answers.',
  input: z.object({}),
  output: z.object({}),
  timeoutMs: 200,
  run: () => new Promise<never>(() => {}),
});
let aborted = 0;
/** The number of calls of `wait` that have begun. */
let waiting = 0;
const wait = defineTool({
  name: 'wait',
  description: 'Waits until its caller is gone.',
  input: z.object({}),
  output: z.object({}),
  run: (_input, { signal }) =>
    new Promise<never>((_resolve, reject) => {
      waiting += 1;
      signal.addEventListener('abort', () => {
        aborted += 1;
        reject(signal.reason);
      });
    }),
});

const relayed: RelayedTool = {
  name: 'relayed',
  description: 'Runs in another service.',
  input: z.object({ text: z.string() }),
  output: z.object({ length: z.int() }),
  relay: async (args) => {
    if (!Object.hasOwn(Object(args), 'text')) {
      throw new MeshError('invalid_arguments', 'Arguments of relayed: text: is missing');
    }
    return { tool: 'other', is_error: true, content: [], structured_content: args, duration_ms: -1 };
  },
};

let service: Awaited<ReturnType<typeof serveTools>>;
beforeAll(async () => {
  service = await serveTools([divide, count, hang, wait, relayed]);
});
afterAll(() => service.stop(0));

describe('REST', () => {
  test('lists the tools with both schemas and their annotations', async () => {
    const { body } = await request(`${service.url}/tools`);
    expect(body.tools[0]).toEqual({
      name: 'divide',
      title: 'Divide',
      description: 'Divides one number by another.',
      input_schema: {
        type: 'object',
        properties: { dividend: { type: 'number' }, divisor: { type: 'number', default: 2 } },
        required: ['dividend'],
        additionalProperties: false,
      },
      output_schema: {
        type: 'object',
        properties: { quotient: { type: 'number' } },
        required: ['quotient'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true },
    });
  });

  test('calls one and answers with its result', async () => {
    expect(await post(`${service.url}/tools/divide`, { arguments: { dividend: 6 } })).toMatchObject({
      status: 200,
      body: {
        tool: 'divide',
        is_error: false,
        content: [{ type: 'text', text: '{"quotient":3}' }],
        structured_content: { quotient: 3 },
        duration_ms: expect.any(Number),
      },
    });
  });

  test('answers 200 with is_error for a tool that ran and failed', async () => {
    const { status, body } = await post(`${service.url}/tools/divide`, { arguments: { dividend: 6, divisor: 0 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ is_error: true, content: [{ text: 'Nothing can be divided by zero' }] });
  });

  test('lists the schemas of a relayed tool, and passes its arguments and its result on unread', async () => {
    const { body } = await request(`${service.url}/tools`);
    expect(body.tools.at(-1)).toMatchObject({
      name: 'relayed',
      input_schema: { required: ['text'], additionalProperties: false },
      output_schema: { required: ['length'] },
    });
    expect(await post(`${service.url}/tools/relayed`, { arguments: { text: 1 } })).toMatchObject({
      status: 200,
      body: { tool: 'relayed', is_error: true, content: [], structured_content: { text: 1 } },
    });
    expect(await post(`${service.url}/tools/relayed`, {})).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', message: 'Arguments of relayed: text: is missing' } },
    });
  });

  test('answers 404 with the nearest name for a tool that is not there', async () => {
    expect(await post(`${service.url}/tools/divid`, {})).toMatchObject({
      status: 404,
      body: { error: { code: 'tool_not_found', details: { did_you_mean: expect.arrayContaining(['divide']) } } },
    });
  });

  test('ends a tool that hangs, with 504', async () => {
    expect(await post(`${service.url}/tools/hang`, {})).toMatchObject({
      status: 504,
      body: { error: { code: 'upstream_timeout', message: 'hang did not end within 200 ms' } },
    });
  });

  test('tells the tool when its caller goes away', async () => {
    const before = aborted;
    const begun = waiting;
    const gone = new AbortController();
    const call = post(`${service.url}/tools/wait`, {}, { signal: gone.signal }).catch(() => 'gone');
    await until(() => waiting > begun);
    gone.abort();
    expect(await call).toBe('gone');
    await until(() => aborted > before);
  });

  test('counts calls by tool and outcome', async () => {
    const { body } = await request(`${service.url}/metrics`);
    expect(body).toMatch(/tool_executions_total\{tool_name="divide",status="success"\} 1$/m);
    expect(body).toMatch(/tool_executions_total\{tool_name="divide",status="error"\} 1$/m);
    expect(body).toMatch(/tool_executions_total\{tool_name="hang",status="failed"\} 1$/m);
    expect(body).toMatch(/tool_executions_total\{tool_name="relayed",status="error"\} 1$/m);
    expect(body).not.toMatch(/tool_name="relayed",status="failed"/);
    expect(body).toMatch(/tool_execution_seconds_count\{tool_name="divide"\} 2$/m);
  });
});

describe('SSE', () => {
  const stream = (tool: string, args: object) => post(`${service.url}/tools/${tool}/stream`, { arguments: args });
  const eventsOf = (text: string) =>
    [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event, data]) => [event, JSON.parse(data ?? '')]);

  test('streams progress and chunks, then the result, then done', async () => {
    const { headers, body } = await stream('count', { to: 2 });
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(eventsOf(body)).toEqual([
      ['progress', { progress: 1, total: 2, message: 'at 1' }],
      ['chunk', { index: 0, data: { number: 1 } }],
      ['progress', { progress: 2, total: 2, message: 'at 2' }],
      ['chunk', { index: 1, data: { number: 2 } }],
      ['result', { status: 'success', data: expect.objectContaining({ structured_content: { counted: 2 } }) }],
      ['done', { status: 'complete' }],
    ]);
  });

  test('tells a failure as a result, and as failed', async () => {
    const { body } = await stream('divide', { dividend: 1, divisor: 0 });
    expect(eventsOf(body)).toEqual([
      ['result', { status: 'error', data: expect.objectContaining({ is_error: true }) }],
      ['done', { status: 'failed' }],
    ]);
  });

  test('tells what went wrong with the call itself as an error', async () => {
    const { status, body } = await stream('hang', {});
    expect(status).toBe(200);
    expect(eventsOf(body)).toEqual([
      ['error', { error: expect.objectContaining({ code: 'upstream_timeout', request_id: expect.any(String) }) }],
      ['done', { status: 'failed' }],
    ]);
  });

  test('answers a call that cannot start with its status', async () => {
    expect((await stream('none', {})).status).toBe(404);
    expect((await stream('divide', {})).status).toBe(422);
  });
});

describe.each([
  ['legacy', '2025-11-25'],
  ['auto', '2026-07-28'],
] as const)('MCP, a client of the %s era', (mode, version) => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`)));
  });
  afterAll(() => client.close());

  test(`speaks ${version}`, () => {
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
  });

  test('lists the same tools', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['divide', 'count', 'hang', 'wait', 'relayed']);
    expect(tools[0]).toMatchObject({ inputSchema: { required: ['dividend'] }, annotations: { readOnlyHint: true } });
  });

  test('calls one, with structured output', async () => {
    const result = await client.callTool({ name: 'divide', arguments: { dividend: 9, divisor: 3 } });
    expect(result).toMatchObject({
      structuredContent: { quotient: 3 },
      content: [{ type: 'text', text: '{"quotient":3}' }],
    });
  });

  test('tells bad arguments as a tool error that a model can act on', async () => {
    const result = await client.callTool({ name: 'divide', arguments: { dividend: 'six' } });
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('dividend') }] });
  });

  test('refuses an unknown tool as the protocol says', async () => {
    await expect(client.callTool({ name: 'none', arguments: {} })).rejects.toMatchObject({ code: -32602 });
  });

  test('hears progress', async () => {
    const heard: unknown[] = [];
    const onprogress = (update: { progress: number }) => void heard.push(update.progress);
    await client.callTool({ name: 'count', arguments: { to: 2 } }, { onprogress });
    expect(heard).toEqual([1, 2, 2, 3]);
  });

  test('cancels', async () => {
    const before = aborted;
    const begun = waiting;
    const gone = new AbortController();
    const call = client.callTool({ name: 'wait', arguments: {} }, { signal: gone.signal }).catch(String);
    await until(() => waiting > begun);
    gone.abort();
    expect(await call).toContain('abort');
    if (mode === 'auto') await until(() => aborted > before);
  });
});

describe('the mesh’s own MCP client', () => {
  const clientOf = (url: string) => createMcpClient({ name: 'The peer', url: `${url}/mcp`, idleTimeoutMs: 1_000 });
  const quiet = () => quietContext(new AbortController().signal);

  test('brings back what the tool said, and the errors behind calls that did not run', async () => {
    const client = clientOf(service.url);
    expect(await client.callTool('divide', { dividend: 4 }, quiet())).toMatchObject({
      structured_content: { quotient: 2 },
    });
    await expect(client.callTool('divide', {}, quiet())).rejects.toMatchObject({
      code: 'invalid_arguments',
      details: [{ path: 'dividend', message: expect.any(String) }],
    });
    await expect(client.callTool('none', {}, quiet())).rejects.toMatchObject({ code: 'tool_not_found' });
    await client.close();
  });

  test('passes progress and chunks on', async () => {
    const client = clientOf(service.url);
    const heard: unknown[] = [];
    const { signal } = new AbortController();
    const hear = (what: unknown) => void heard.push(what);
    const context = { signal, wantsProgress: true, progress: hear, chunk: hear };
    await client.callTool('count', { to: 1 }, context);
    expect(heard).toEqual([expect.objectContaining({ progress: 1, message: 'at 1' }), { number: 1 }]);
    await client.close();
  });

  test('ends a call that is silent for too long', async () => {
    const client = clientOf(service.url);
    await expect(client.callTool('wait', {}, quiet())).rejects.toMatchObject({ code: 'upstream_timeout' });
    await client.close();
  });

  test('uses a server again as soon as it is back', async () => {
    const first = await serveTools([divide]);
    const client = clientOf(first.url);
    await client.listTools();
    await first.stop(0);
    await expect(client.listTools()).rejects.toMatchObject({ code: 'upstream_failed' });
    const second = await serveTools([divide], {}, { port: first.port });
    expect(await client.callTool('divide', { dividend: 4 }, quiet())).toMatchObject({
      structured_content: { quotient: 2 },
    });
    await client.close();
    await second.stop(0);
  });
});
