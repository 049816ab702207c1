import { setTimeout as sleep } from 'node:timers/promises';
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
  truncated: { stdout: false, stderr: false, artifacts: false },
  duration_ms: 1,
  cpu_ms: 1,
  peak_memory_bytes: 1,
  runtime: { language: 'python', version: '3.14.2', isolation: 'wasm' },
  packages: [],
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

describe('execute_code', () => {
  test('is forwarded to the sandbox, with its key and the caller’s request id', async () => {
    behaviour = answer(200, EXECUTION);
    const program = { code: 'print("hello")', language: 'python', stdin: 'x', timeout_ms: 5_000, memory_mb: 64 };
    const { status, body } = await post(
      `${service.url}/tools/execute_code`,
      { arguments: program },
      { headers: { 'x-request-id': 'from-afar' } },
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ is_error: false, structured_content: EXECUTION });
    expect(seen.at(-1)).toMatchObject({ path: '/execute', key: 'sandbox-key', requestId: 'from-afar' });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual(program);
  });

  test('tells a model what happened, and shows it the images', async () => {
    behaviour = answer(200, EXECUTION);
    const { body } = await execute({ code: '1' });
    expect(body.content).toEqual([
      {
        type: 'text',
        text: 'stdout:\nhello\nresult: 42\nfiles: plot.png (image/png, 3 bytes), out.csv (text/csv, 3 bytes)',
      },
      { type: 'image', data: 'AQID', mimeType: 'image/png' },
    ]);
  });

  test('tells a model of a program that failed', async () => {
    const error = { type: 'Timeout', message: 'The program was stopped after 100 ms', traceback: '' };
    behaviour = answer(200, { ...EXECUTION, status: 'timeout', exit_code: null, result: null, error, artifacts: [] });
    const { body } = await execute({ code: '1' });
    expect(body.is_error).toBe(true);
    expect(body.content[0].text).toBe(
      'status: timeout\nstdout:\nhello\nerror: Timeout: The program was stopped after 100 ms',
    );
  });

  test('refuses arguments as the sandbox would, without asking it', async () => {
    const before = seen.length;
    expect(await execute({ code: '' })).toMatchObject({
      status: 422,
      body: { error: { details: [{ path: 'code' }] } },
    });
    expect(seen).toHaveLength(before);
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
      const tool = {
        tool: 'execute_code',
        is_error: false,
        content: [],
        structured_content: EXECUTION,
        duration_ms: 1,
      };
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(': ping\n\nevent: chunk\ndata: {"index":0,"data":{"stream":"stdout","text":"hel');
      res.write('lo"}}\n\n');
      res.end(
        `event: result\ndata: ${JSON.stringify({ status: 'success', data: tool })}\n\nevent: done\ndata: {"status":"complete"}\n\n`,
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
      content: [{ text: expect.stringContaining('did not answer within 12600 ms') }],
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
    const back = await serveRaw(answer(200, EXECUTION), port);
    expect((await call()).body.is_error).toBe(false);
    await back.stop();
    await lonely.stop();
  });
});
