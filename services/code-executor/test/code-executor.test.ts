import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { freePort, serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { codeExecutor } from '../src/service.ts';

// Time limits of seconds are waited for.
jest.setTimeout(60_000);

const EXECUTION = {
  status: 'success',
  stdout: 'hello\n',
  stderr: '',
  exit_code: 0,
  signal: null,
  result: '42',
  error: null,
  artifacts: [
    { path: 'plot.png', mime_type: 'image/png', size_bytes: 3, data: 'AQID' },
    { path: 'out.csv', mime_type: 'text/csv', size_bytes: 3, data: 'MSwy' },
  ],
  display_data: [],
  truncated: { stdout: false, stderr: false, artifacts: false, display_data: false },
  duration_ms: 1,
  cpu_ms: 1,
  peak_memory_bytes: 1,
  runtime: { language: 'python', version: '3.14.2', isolation: 'wasm', jailed: true },
  packages: [],
};

/** The sandbox's answer to a call that ran. */
const RESULT = {
  tool: 'execute_code',
  is_error: false,
  content: [
    { type: 'text', text: 'stdout:\nhello' },
    { type: 'image', data: 'AQID', mimeType: 'image/png' },
  ],
  structured_content: EXECUTION,
  duration_ms: 1,
};

type Listener = Parameters<typeof serveRaw>[0];
/** The fake sandbox's answer in the current test. */
let behaviour: Listener = () => {};
let sandbox: Awaited<ReturnType<typeof serveRaw>>;
let service: ServiceInProcess;
const seen: { path: string | undefined; body: string; key: unknown; requestId: unknown }[] = [];

beforeAll(async () => {
  sandbox = await serveRaw((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { 'x-api-key': key, 'x-request-id': requestId } = req.headers;
      seen.push({ path: req.url, body: Buffer.concat(chunks).toString(), key, requestId });
      behaviour(req, res);
    });
  });
  service = await serveInProcess(codeExecutor, { SANDBOX_URL: sandbox.url, SANDBOX_API_KEY: 'sandbox-key' });
});
afterAll(async () => {
  await service.stop();
  await sandbox.stop();
});

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Listener => {
  return (_req, res) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
const execute = (args: object) => post(`${service.url}/tools/execute_code`, { arguments: args });
async function executeOverMcp(args: Record<string, unknown>) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`)));
  const result = await client.callTool({ name: 'execute_code', arguments: args });
  await client.close();
  return result;
}

describe('execute_code', () => {
  test('is forwarded to the sandbox, with its key and the caller’s request id', async () => {
    behaviour = answer(200, RESULT);
    const program = { code: 'print("hello")', language: 'python', stdin: 'x', timeout_ms: 5_000, memory_mb: 64 };
    const { status, body } = await post(
      `${service.url}/tools/execute_code`,
      { arguments: program },
      { headers: { 'x-request-id': 'from-afar' } },
    );
    expect(status).toBe(200);
    expect(body).toEqual({ ...RESULT, duration_ms: expect.any(Number) });
    expect(seen.at(-1)).toMatchObject({ path: '/tools/execute_code', key: 'sandbox-key', requestId: 'from-afar' });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual({ arguments: program });
  });

  test('passes on that a program failed, over REST and MCP', async () => {
    const content = [{ type: 'text', text: 'status: timeout' }];
    behaviour = answer(200, { ...RESULT, is_error: true, content });
    expect((await execute({ code: '1' })).body).toMatchObject({ is_error: true, content });
    expect(await executeOverMcp({ code: '1' })).toMatchObject({
      isError: true,
      content,
      structuredContent: EXECUTION,
    });
  });

  describe('when the sandbox refuses the arguments', () => {
    const refuse = (path: string, message: string) =>
      answer(422, { error: { code: 'invalid_arguments', message, details: [{ path, message: 'is wrong' }] } });

    test('passes the refusal on if they break the schema, and does not count a call', async () => {
      behaviour = refuse('code', 'Arguments of execute_code: code: is wrong');
      const count = async () => (await request(`${service.url}/metrics`)).body.match(/^tool_executions_total.*/gm);
      const before = await count();
      expect(await execute({ code: '' })).toMatchObject({
        status: 422,
        body: {
          error: {
            code: 'invalid_arguments',
            message: 'Arguments of execute_code: code: is wrong',
            details: [{ path: 'code', message: 'is wrong' }],
          },
        },
      });
      expect(await executeOverMcp({ code: '' })).toMatchObject({
        isError: true,
        content: [{ text: 'invalid_arguments: Arguments of execute_code: code: is wrong' }],
        _meta: { 'io.toolmesh/error': { code: 'invalid_arguments', details: [{ path: 'code' }] } },
      });
      expect(await count()).toEqual(before);
    });

    test('answers with a tool error if they are refused for what they name, such as a package', async () => {
      behaviour = refuse('packages.0', 'packages.0: reqeusts is a known malicious package');
      expect(await execute({ code: '1', packages: ['reqeusts'] })).toMatchObject({
        status: 200,
        body: {
          is_error: true,
          content: [{ text: 'The code was not run: packages.0: reqeusts is a known malicious package.' }],
        },
      });
    });
  });

  const troubles: [string, Listener, RegExp][] = [
    [
      'full',
      answer(503, { error: { code: 'unavailable', message: 'The sandbox is full' } }, { 'retry-after': '3' }),
      /The sandbox is full.*3 s/,
    ],
    ['broken', answer(500, { error: { code: 'internal', message: 'x' } }), /answered with status 500/],
    ['talking nonsense', (_req, res) => void res.end('<html>'), /not as agreed/],
    ['hanging up', (req) => req.socket.destroy(), /dropped the connection/],
  ];
  test.each(troubles)('says so when the sandbox is %s', async (_name, listener, text) => {
    behaviour = listener;
    const { status, body } = await execute({ code: '1' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ is_error: true, content: [{ type: 'text', text: expect.stringMatching(text) }] });
    expect(body.content[0].text).toMatch(/^The code was not run: /);
  });

  test('passes output on as it comes, to a caller that listens', async () => {
    behaviour = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(': ping\n\nevent: chunk\ndata: {"index":0,"data":{"stream":"stdout","text":"hel');
      res.write('lo"}}\n\n');
      res.end(
        `event: result\ndata: ${JSON.stringify({ status: 'success', data: RESULT })}\n\nevent: done\ndata: {"status":"complete"}\n\n`,
      );
    };
    const { body } = await post(`${service.url}/tools/execute_code/stream`, { arguments: { code: '1' } });
    expect(seen.at(-1)?.path).toBe('/tools/execute_code/stream');
    expect(body).toContain('event: chunk\ndata: {"index":0,"data":{"stream":"stdout","text":"hello"}}');
    expect(body).toMatch(/event: result\ndata: \{"status":"success".*event: done\ndata: \{"status":"complete"\}/s);
  });

  test.each([
    ['an error', 'event: error\ndata: {"error":{"code":"unavailable","message":"full","request_id":"r"}}\n\n', /full/],
    ['nothing', ': ping\n\n', /without a result/],
    ['garbage', 'event: result\ndata: {"status"\n\n', /without a result|not as agreed/],
  ])('says so to a caller that listens when the stream ends with %s', async (_name, events, message) => {
    behaviour = (_req, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(events);
    const { body } = await post(`${service.url}/tools/execute_code/stream`, { arguments: { code: '1' } });
    expect(body).toMatch(message);
    expect(body).toContain('The code was not run');
    expect(body).toMatch(/"is_error":true/);
  });

  test('does not wait for ever for a sandbox that is silent', async () => {
    behaviour = () => {};
    const started = performance.now();
    const { body } = await execute({ code: '1', timeout_ms: 100 });
    expect(body).toMatchObject({
      is_error: true,
      content: [{ text: expect.stringContaining('did not answer within 12800 ms') }],
    });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test('ends the sandbox’s work when its own caller goes away', async () => {
    // The sandbox of the tests above is being given a rest.
    await sleep(1_100);
    const closed = Promise.withResolvers<void>();
    behaviour = (req) => void req.socket.once('close', () => closed.resolve());
    const gone = new AbortController();
    const before = seen.length;
    const { signal } = gone;
    const call = post(`${service.url}/tools/execute_code`, { arguments: { code: '1' } }, { signal }).catch(String);
    await until(() => seen.length > before);
    gone.abort();
    expect(await call).toContain('abort');
    await closed.promise;
  });

  test('works again as soon as the sandbox is there', async () => {
    const port = await freePort();
    const lonely = await serveInProcess(codeExecutor, { SANDBOX_URL: `http://127.0.0.1:${port}` });
    const call = () => post(`${lonely.url}/tools/execute_code`, { arguments: { code: '1' } });
    for (let i = 0; i < 7; i += 1) {
      expect((await call()).body.content[0].text).toBe('The code was not run: The sandbox cannot be reached.');
    }
    expect(await request(`${lonely.url}/ready`)).toMatchObject({
      status: 503,
      body: { checks: { sandbox: { status: 'failed', detail: 'The sandbox cannot be reached' } } },
    });
    const back = await serveRaw(answer(200, RESULT), port);
    expect((await call()).body.is_error).toBe(false);
    await back.stop();
    await lonely.stop();
  });
});
