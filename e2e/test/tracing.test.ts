import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { parse } from 'yaml';
import { z } from 'zod';
import { FAKE_MODEL, type FakeAnswer, serveFakeOpenAi } from '../fake-openai.ts';
import { type ReceivedSpan, serveOtlp } from '../otlp-receiver.ts';
import { type ServicesWithLogs, startServicesWithLogs } from '../services-with-logs.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(60_000);

const PARENT = 'b7ad6b7169203331';
let traces = 0;
const newTrace = (): string => `0af7651916cd43dd8448eb211c8${String((traces += 1)).padStart(5, '0')}`;

/** A span and what is below it: `[service, kind, name, ...children]`. */
type Tree = readonly [string, string, string, ...Tree[]];

describe('a mesh with a collector', () => {
  let services: ServicesWithLogs;
  let collector: Awaited<ReturnType<typeof serveOtlp>>;
  let provider: Awaited<ReturnType<typeof serveFakeOpenAi>>;
  const script: FakeAnswer[] = [];
  beforeAll(async () => {
    collector = await serveOtlp();
    provider = await serveFakeOpenAi(() => script.shift() ?? { text: 'canary_answer' });
    services = await startServicesWithLogs({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      API_KEY: 'canary-key',
      LLM_PROVIDER: 'openai',
      LLM_RETRIES: '0',
      OPENAI_API_KEY: 'sk-canary',
      OPENAI_BASE_URL: `${provider.url}/v1`,
      OPENAI_MODEL: FAKE_MODEL,
    });
  }, 90_000);
  afterAll(async () => {
    await services.stop();
    await collector.stop();
    await provider.stop();
  });

  const headersOf = (traceId: string, flags = '01') => ({
    'x-api-key': 'canary-key',
    traceparent: `00-${traceId}-${PARENT}-${flags}`,
  });
  const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);
  /** The span of that name, once it has come. Spans are sent in batches, children before their parents. */
  const arrived = async (traceId: string, name: string): Promise<ReceivedSpan> => {
    const find = () => spansOf(traceId).find((span) => span.name === name);
    for (;;) {
      const span = find();
      if (span !== undefined) return span;
      await until(() => find() !== undefined);
    }
  };
  const below = ({ spanId, traceId, service, kind, name }: ReceivedSpan): Tree => [
    service,
    kind,
    name,
    ...spansOf(traceId)
      .filter(({ parentSpanId }) => parentSpanId === spanId)
      .map(below)
      .toSorted((a, b) => a[2].localeCompare(b[2])),
  ];
  /** One MCP request, from who asks over HTTP to who answers. */
  const mcpHop = (from: string, to: string, name: string, ...rest: Tree[]): Tree => [
    from,
    'client',
    name,
    [from, 'client', 'POST', [to, 'server', 'POST /mcp', [to, 'server', name, ...rest]]],
  ];

  test('records one chat as one tree, from the caller through all five services', async () => {
    const traceId = newTrace();
    script.push({
      calls: [
        { name: 'execute_code', arguments: { code: 'print("canary_code")' } },
        { name: 'get_current_time', arguments: {} },
      ],
    });
    const { body } = await post(
      `${services.url('middleware')}/chat`,
      { message: 'canary_prompt' },
      { headers: headersOf(traceId) },
    );
    expect(body).toMatchObject({ trace_id: traceId, tool_calls: [{ status: 'ok' }, { status: 'ok' }] });

    const root = await arrived(traceId, 'POST /chat');
    expect(root).toMatchObject({ service: 'middleware', kind: 'server', parentSpanId: PARENT });
    const run = await arrived(traceId, 'invoke_agent toolmesh');
    expect(run.parentSpanId).toBe(root.spanId);
    for (const name of ['run python']) await arrived(traceId, name);
    await until(() => spansOf(traceId).filter(({ name }) => name === 'POST /mcp').length >= 4);

    const chat: Tree = ['middleware', 'client', `chat ${FAKE_MODEL}`];
    const sandbox: Tree = ['sandbox', 'server', 'POST /tools/:name', ['sandbox', 'internal', 'run python']];
    const executed = mcpHop('mcp-server', 'code-executor', 'tools/call execute_code', [
      'code-executor',
      'client',
      'POST',
      sandbox,
    ]);
    const timeHop = mcpHop('mcp-server', 'time-client', 'tools/call get_current_time');
    const tool = (name: string, inside: Tree): Tree => [
      'middleware',
      'internal',
      `execute_tool ${name}`,
      mcpHop('middleware', 'mcp-server', `tools/call ${name}`, inside),
    ];
    expect(below(run)).toEqual([
      'middleware',
      'internal',
      'invoke_agent toolmesh',
      chat,
      chat,
      tool('execute_code', executed),
      tool('get_current_time', timeHop),
    ]);
    const known = new Set([PARENT, ...spansOf(traceId).map(({ spanId }) => spanId)]);
    expect(spansOf(traceId).filter(({ parentSpanId }) => !known.has(parentSpanId ?? ''))).toEqual([]);

    const { attributes } = run;
    expect(attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': FAKE_MODEL,
      'gen_ai.conversation.id': body.session_id,
      'toolmesh.run_id': body.run_id,
    });
    expect((await arrived(traceId, `chat ${FAKE_MODEL}`)).attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
    });
    expect((await arrived(traceId, 'tools/call execute_code')).attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'execute_code',
    });
    expect((await arrived(traceId, 'run python')).attributes).toMatchObject({
      'toolmesh.sandbox.status': 'success',
      'toolmesh.sandbox.isolation': expect.stringMatching(/^(namespaces|wasm)$/),
    });
  });

  test('records a chat that is streamed as the same tree', async () => {
    const traceId = newTrace();
    script.push({ calls: [{ name: 'get_current_time', arguments: {} }] });
    const headers = { ...headersOf(traceId), accept: 'text/event-stream' };
    const { body } = await post(`${services.url('middleware')}/chat`, { message: 'canary_prompt' }, { headers });
    expect(body).toMatch(/data: \[DONE\]\s*$/);
    const root = await arrived(traceId, 'POST /chat');
    const run = await arrived(traceId, 'invoke_agent toolmesh');
    await until(() => spansOf(traceId).some(({ service }) => service === 'time-client'));
    await until(() => spansOf(traceId).filter(({ name }) => name === 'POST /mcp').length >= 2);
    expect(run.parentSpanId).toBe(root.spanId);
    const [service, kind, name, ...children] = below(run);
    expect([service, kind, name]).toEqual(['middleware', 'internal', 'invoke_agent toolmesh']);
    expect(children.map(([, , child]) => child)).toEqual([
      `chat ${FAKE_MODEL}`,
      `chat ${FAKE_MODEL}`,
      'execute_tool get_current_time',
    ]);
  });

  test('marks what failed, with a kind of failure and no message', async () => {
    const traceId = newTrace();
    script.push({ calls: [{ name: 'execute_code', arguments: { code: 'raise ValueError("canary_code")' } }] });
    script.push({ status: 500, message: 'canary_echo' });
    await post(`${services.url('middleware')}/chat`, { message: 'canary_prompt' }, { headers: headersOf(traceId) });
    await arrived(traceId, 'POST /chat');
    await arrived(traceId, 'run python');
    await until(() => spansOf(traceId).filter(({ name }) => name.startsWith('chat ')).length === 2);
    const failures = spansOf(traceId).filter(({ failed }) => failed);
    expect(failures.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual(
      expect.arrayContaining([
        ['run python', 'error'],
        ['execute_tool execute_code', 'tool_error'],
        ['tools/call execute_code', 'tool_error'],
        [`chat ${FAKE_MODEL}`, 'upstream_failed'],
      ]),
    );
  });

  test('continues a trace that only the _meta of an MCP request names', async () => {
    const traceId = newTrace();
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${services.url('mcp-server')}/mcp`), {
        requestInit: { headers: { 'x-api-key': 'canary-key' } },
      }),
    );
    const { traceparent } = headersOf(traceId);
    const params = { name: 'get_current_time', arguments: {}, _meta: { traceparent } };
    await client.request({ method: 'tools/call', params }, z.looseObject({}));
    await client.close();
    await until(() => spansOf(traceId).some(({ service }) => service === 'time-client'));
    await until(() => spansOf(traceId).some(({ parentSpanId }) => parentSpanId === PARENT));
    const [entry] = spansOf(traceId).filter(({ parentSpanId }) => parentSpanId === PARENT);
    expect(entry).toMatchObject({ service: 'mcp-server', kind: 'server', name: 'tools/call get_current_time' });
  });

  test('records nothing of a trace whose caller does not, of probes, and of what nobody asked for', async () => {
    const quiet = newTrace();
    const heard = newTrace();
    const body = { name: 'get_current_time', parameters: {} };
    await post(`${services.url('middleware')}/execute`, body, { headers: headersOf(quiet, '00') });
    for (const path of ['/health', '/ready', '/metrics']) {
      await request(services.url('middleware') + path, { headers: headersOf(newTrace()) });
    }
    await post(`${services.url('middleware')}/execute`, body, { headers: headersOf(heard) });
    await arrived(heard, 'POST /execute');
    await until(() => spansOf(heard).some(({ service }) => service === 'time-client'));
    expect(spansOf(quiet)).toEqual([]);
    expect(collector.spans.filter(({ name }) => /health|ready|metrics|tools\/list/.test(name))).toEqual([]);
    const roots = collector.spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    // Each comes from a caller that named no trace: the client of the test before, which looks around first.
    for (const { service } of roots) expect(service).toBe('mcp-server');
  });

  test('says nothing of what was asked, run and answered, and no key', () => {
    expect(collector.bodies.length).toBeGreaterThan(3);
    expect(collector.bodies.filter((text) => text.includes('canary'))).toEqual([]);
  });
});

describe('a service', () => {
  const main = new URL('../../services/time-client/src/main.ts', import.meta.url);
  const call = (url: string) => post(`${url}/tools/get_current_time`, { arguments: {} });

  test.each([
    ['does not even load OpenTelemetry while tracing is off', false],
    ['loads it where an endpoint is set', true],
  ])('%s', async (_name, isOn) => {
    const file = join(mkdtempSync(join(tmpdir(), 'modules-')), 'loaded');
    writeFileSync(file, '');
    const service = await startServiceProcess(main, {
      NODE_OPTIONS: `--import=${new URL('../report-modules.ts', import.meta.url).href}`,
      REPORT_MODULES: '@opentelemetry/',
      REPORT_FILE: file,
      ...(isOn ? { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` } : {}),
    });
    expect((await call(service.url)).status).toBe(200);
    await service.stop();
    // prom-client brings the API along, for exemplars, whoever else uses it.
    const loaded = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.includes('/prom-client/'));
    expect(loaded.length > 0).toBe(isOn);
    expect(loaded.some((line) => line.startsWith('@opentelemetry/sdk-trace'))).toBe(isOn);
  });

  test('works, warns and stops where no collector answers', async () => {
    const service = await startServiceProcess(main, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    });
    expect((await call(service.url)).status).toBe(200);
    await until(() => service.log.some(({ message }) => String(message).startsWith('spans could not be sent')));
    service.kill('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  test('that is given no address of a collector does not start', async () => {
    await expect(startServiceProcess(main, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' })).rejects.toThrow(
      /OTEL_EXPORTER_OTLP_ENDPOINT: an http or https URL/,
    );
  });
});

test('docker compose has a profile with a collector and a place to look at traces', () => {
  const read = (path: string) =>
    parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), { merge: true });
  const { services } = read('docker-compose.yml');
  expect(services['otel-collector'].profiles).toEqual(['tracing']);
  expect(services.jaeger.profiles).toEqual(['tracing']);
  const { receivers, exporters, service } = read('monitoring/otel-collector.yml');
  expect(service.pipelines.traces).toMatchObject({ receivers: ['otlp'], exporters: ['otlp/jaeger'] });
  expect(receivers.otlp.protocols.http.endpoint).toBe('0.0.0.0:4318');
  expect(exporters['otlp/jaeger'].endpoint).toBe('jaeger:4317');
  for (const name of ['middleware', 'mcp-server', 'code-executor', 'time-client', 'sandbox']) {
    expect(services[name].environment.OTEL_EXPORTER_OTLP_ENDPOINT).toBe('${OTEL_EXPORTER_OTLP_ENDPOINT:-}');
  }
});
