import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { COMMAND_UPSTREAM, meshWithCommand } from '../command-upstream.ts';
import { FAKE_MODEL, type FakeAnswer, serveFakeOpenAi } from '../fake-openai.ts';
import { type Mesh, startMesh } from '../mesh.ts';
import { growth, scrape } from '../metrics-text.ts';
import { SERVICES } from '../../mesh/services.ts';

let mesh: Mesh;
let provider: Awaited<ReturnType<typeof serveFakeOpenAi>>;
const script: FakeAnswer[] = [];
beforeAll(async () => {
  provider = await serveFakeOpenAi(() => script.shift() ?? { text: 'Hello.' });
  mesh = await startMesh({
    LLM_PROVIDER: 'demo',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `${provider.url}/v1`,
    OPENAI_MODEL: FAKE_MODEL,
    MESH_CONFIG: meshWithCommand(),
  });
}, 90_000);
afterAll(async () => {
  await mesh.stop();
  await provider.stop();
});

const at = (service: string, path: string) => mesh.url(service) + path;
const execute = (name: string, parameters: object) => post(at('middleware', '/execute'), { name, parameters });
const chat = (body: object) => post(at('middleware', '/chat'), body);

/** Does something and tells which series of a service have grown by how much. */
async function grown(service: string, names: readonly string[], act: () => Promise<unknown>) {
  const before = await scrape(mesh.url(service));
  await act();
  return growth(before, await scrape(mesh.url(service)), names);
}

describe('every service', () => {
  const declared = {
    http_requests_total: 'counter',
    http_request_duration_seconds: 'histogram',
    http_requests_in_flight: 'gauge',
    process_resident_memory_bytes: 'gauge',
    process_open_fds: 'gauge',
    nodejs_eventloop_lag_p99_seconds: 'gauge',
  };
  test.each(SERVICES.map(({ name }) => name))(
    '%s declares what the contract names, and counts requests',
    async (name) => {
      const { types } = await scrape(mesh.url(name));
      expect(Object.fromEntries(types)).toMatchObject(declared);
      // What is counted when an answer has been sent may be seen a moment after it has come.
      const before = await scrape(mesh.url(name));
      const count = async (series: string, metric: string) =>
        growth(before, await scrape(mesh.url(name)), [metric])[series] ?? 0;
      await request(at(name, '/nowhere'));
      const unknown = 'http_requests_total{method="GET",route="unmatched",status="404"}';
      await until(async () => (await count(unknown, 'http_requests_total')) === 1);
      await request(at(name, '/openapi.json'));
      const durations = 'http_request_duration_seconds_count';
      await until(async () => (await count(`${durations}{method="GET",route="/openapi.json"}`, durations)) === 1);
    },
  );

  test('shows how many requests it is answering', async () => {
    const inFlight = async () =>
      (await scrape(mesh.url('code-executor'))).series.get('http_requests_in_flight') ?? Number.NaN;
    // The scrape itself is one, and the hub listens for changes.
    const before = await inFlight();
    const asked = execute('execute_code', { code: 'import time; time.sleep(2)' });
    await until(async () => (await inFlight()) > before);
    await asked;
    await until(async () => (await inFlight()) <= before);
  });
});

describe('the hub', () => {
  test('declares its metrics, and whether each upstream is well', async () => {
    const { types, series } = await scrape(mesh.url('mcp-server'));
    expect(Object.fromEntries(types)).toMatchObject({
      mcp_tool_executions_total: 'counter',
      mcp_tool_execution_seconds: 'histogram',
      mcp_upstream_up: 'gauge',
      mcp_upstream_breaker_open: 'gauge',
      mcp_workers: 'gauge',
      mcp_worker_restarts_total: 'counter',
      mcp_session_workers_given_up_total: 'counter',
    });
    for (const upstream of ['code-executor', 'time-client', COMMAND_UPSTREAM]) {
      expect(series.get(`mcp_upstream_up{upstream="${upstream}"}`)).toBe(1);
      expect(series.get(`mcp_upstream_breaker_open{upstream="${upstream}"}`)).toBe(0);
    }
  });

  const calls: [string, string, object, string][] = [
    ['a call that succeeds', 'get_current_time', {}, 'success'],
    ['a tool that ran and failed', 'execute_code', { code: '1/0' }, 'error'],
    ['a call that was refused', 'convert_time', { to_timezone: 'Mars/Olympus' }, 'error'],
    ['a call that did not run to its end', 'odd_exit', {}, 'failed'],
  ];
  test.each(calls)('counts %s', async (_what, tool, parameters, status) => {
    const names = ['mcp_tool_executions_total', 'mcp_tool_execution_seconds_count'];
    expect(await grown('mcp-server', names, () => execute(tool, parameters))).toEqual({
      [`mcp_tool_executions_total{status="${status}",tool_name="${tool}"}`]: 1,
      [`mcp_tool_execution_seconds_count{tool_name="${tool}"}`]: 1,
    });
  });

  test('counts the same call whatever the face', async () => {
    const counted = await grown('mcp-server', ['mcp_tool_executions_total'], async () => {
      await post(at('mcp-server', '/tools/get_current_time'), { arguments: {} });
      await post(at('mcp-server', '/tools/get_current_time/stream'), { arguments: {} });
      await execute('get_current_time', {});
    });
    expect(counted).toEqual({ 'mcp_tool_executions_total{status="success",tool_name="get_current_time"}': 3 });
  });

  test('counts the processes of a command, and those that had to be replaced', async () => {
    const read = async (name: string) => (await scrape(mesh.url('mcp-server'))).series.get(name) ?? Number.NaN;
    const workers = async () => {
      const of = (state: string) => read(`mcp_workers{state="${state}",upstream="${COMMAND_UPSTREAM}"}`);
      return [await of('idle'), await of('busy')];
    };
    const restarts = `mcp_worker_restarts_total{upstream="${COMMAND_UPSTREAM}"}`;
    const before = await read(restarts);
    const asked = execute('odd_sleep', { ms: 1_500 });
    await until(async () => (await workers())[1] === 1);
    await asked;
    await until(async () => {
      const [idle = 0, busy] = await workers();
      return idle >= 1 && busy === 0;
    });
    await execute('odd_exit', {});
    await until(async () => (await read(restarts)) === before + 1);
  });

  test('and the service behind it count alike', async () => {
    expect(await grown('time-client', ['tool_executions_total'], () => execute('get_current_time', {}))).toEqual({
      'tool_executions_total{status="success",tool_name="get_current_time"}': 1,
    });
  });
});

describe('the sandbox', () => {
  const programs: [string, object, string][] = [
    ['python', { code: '1' }, 'success'],
    ['python', { code: 'raise ValueError()' }, 'error'],
    ['python', { code: 'while True: pass', timeout_ms: 500 }, 'timeout'],
    ['javascript', { code: '1' }, 'success'],
    ['typescript', { code: 'const x: number = 1; x' }, 'success'],
  ];
  test.each(programs)('counts a program in %s with %j as %s', async (language, program, status) => {
    const names = [
      'sandbox_executions_total',
      'sandbox_execution_duration_seconds_count',
      'sandbox_execution_peak_memory_bytes_count',
    ];
    expect(await grown('sandbox', names, () => execute('execute_code', { ...program, language }))).toEqual({
      [`sandbox_executions_total{language="${language}",status="${status}"}`]: 1,
      [`sandbox_execution_duration_seconds_count{language="${language}"}`]: 1,
      [`sandbox_execution_peak_memory_bytes_count{language="${language}"}`]: 1,
    });
  });

  test('measures the time that a program ran', async () => {
    const sum = 'sandbox_execution_duration_seconds_sum{language="javascript"}';
    let reported = 0;
    const by = await grown('sandbox', ['sandbox_execution_duration_seconds_sum'], async () => {
      const { body } = await execute('execute_code', { code: '1 + 1', language: 'javascript' });
      reported = body.structured_content.duration_ms;
    });
    expect(by[sum]).toBeCloseTo(reported / 1_000, 3);
  });

  test('counts output that did not fit, and packages by what came of them', async () => {
    const names = ['sandbox_output_truncated_total', 'sandbox_package_installs_total'];
    const counted = await grown('sandbox', names, async () => {
      await execute('execute_code', { code: 'print("x" * 200_000)' });
      await execute('install_package', { name: 'system', ecosystem: 'pypi' });
    });
    expect(counted).toEqual({
      sandbox_output_truncated_total: 1,
      'sandbox_package_installs_total{status="blocked"}': 1,
    });
  });

  test('shows its workers and its disk', async () => {
    const count = async (state: string) =>
      (await scrape(mesh.url('sandbox'))).series.get(`sandbox_workers{language="python",state="${state}"}`);
    await until(async () => ((await count('idle')) ?? 0) >= 1);
    // A worker that is killed counts until it is gone.
    await until(async () => (await count('busy')) === 0);
    const { series } = await scrape(mesh.url('sandbox'));
    const free = series.get('sandbox_disk_free_bytes') ?? 0;
    expect(free).toBeGreaterThan(0);
    expect(series.get('sandbox_disk_size_bytes')).toBeGreaterThanOrEqual(free);
  });
});

describe('the middleware', () => {
  const NAMES = [
    'chat_runs_total',
    'chat_tool_calls_total',
    'chat_provider_retries_total',
    'gen_ai_client_token_usage_total',
    'gen_ai_client_operation_duration_seconds_count',
    'gen_ai_client_operation_time_to_first_chunk_seconds_count',
  ];
  const model = (name: string, label = name) => `{gen_ai_provider_name="${label}",gen_ai_request_model="${name}"}`;

  test('counts a chat, its tools, its tokens and how often the model was asked', async () => {
    script.push({
      calls: [
        { name: 'get_current_time', arguments: {} },
        { name: 'execute_code', arguments: { code: '1/0' } },
      ],
    });
    expect(await grown('middleware', NAMES, () => chat({ message: 'Go', provider: 'openai' }))).toEqual({
      'chat_runs_total{finish_reason="stop"}': 1,
      'chat_tool_calls_total{status="ok",tool_name="get_current_time"}': 1,
      'chat_tool_calls_total{status="error",tool_name="execute_code"}': 1,
      'gen_ai_client_token_usage_total{gen_ai_token_type="input"}': 22,
      'gen_ai_client_token_usage_total{gen_ai_token_type="output"}': 14,
      [`gen_ai_client_operation_duration_seconds_count${model(FAKE_MODEL, 'openai')}`]: 2,
      [`gen_ai_client_operation_time_to_first_chunk_seconds_count${model(FAKE_MODEL, 'openai')}`]: 2,
    });
  });

  test('counts what the answer says', async () => {
    let answer = { model: '', steps: 0 };
    const counted = await grown('middleware', NAMES, async () => {
      answer = (await chat({ message: 'Execute: print("Hello") and tell me the time' })).body;
    });
    expect(counted).toMatchObject({
      'chat_runs_total{finish_reason="stop"}': 1,
      'chat_tool_calls_total{status="ok",tool_name="execute_code"}': 1,
      'chat_tool_calls_total{status="ok",tool_name="get_current_time"}': 1,
      [`gen_ai_client_operation_duration_seconds_count${model(answer.model, 'demo')}`]: answer.steps,
      [`gen_ai_client_operation_time_to_first_chunk_seconds_count${model(answer.model, 'demo')}`]: answer.steps,
    });
  });

  test('counts requests that were sent again, and chats that failed all the same', async () => {
    script.push({ status: 503 });
    expect(await grown('middleware', NAMES, () => chat({ message: 'Go', provider: 'openai' }))).toMatchObject({
      'chat_provider_retries_total{provider="openai"}': 1,
      'chat_runs_total{finish_reason="stop"}': 1,
    });
    script.push({ status: 401 });
    expect(await grown('middleware', NAMES, () => chat({ message: 'Go', provider: 'openai' }))).toMatchObject({
      'chat_runs_total{finish_reason="error"}': 1,
    });
  });

  test('counts results that were cut, and a streamed chat like any other', async () => {
    const names = ['chat_runs_total', 'chat_tool_result_truncated_total'];
    script.push({ calls: [{ name: 'execute_code', arguments: { code: 'print("x" * 50_000)' } }] });
    const streamed = async () => {
      const init = { headers: { accept: 'text/event-stream' } };
      const { body } = await post(at('middleware', '/chat'), { message: 'Go', provider: 'openai' }, init);
      expect(body).toMatch(/data: \[DONE\]\s*$/);
    };
    const before = await scrape(mesh.url('middleware'));
    await streamed();
    await until(
      async () =>
        growth(before, await scrape(mesh.url('middleware')), ['chat_runs_total'])[
          'chat_runs_total{finish_reason="stop"}'
        ] === 1,
    );
    expect(growth(before, await scrape(mesh.url('middleware')), names)).toEqual({
      'chat_runs_total{finish_reason="stop"}': 1,
      chat_tool_result_truncated_total: 1,
    });
  });

  test('shows how many chats are under way', async () => {
    const active = async () => (await scrape(mesh.url('middleware'))).series.get('chat_runs_active');
    expect(await active()).toBe(0);
    const asked = chat({ message: 'Run `import time; time.sleep(2)`' });
    await until(async () => (await active()) === 1);
    await asked;
    expect(await active()).toBe(0);
  });
});

describe('what callers send', () => {
  test('makes no series: 1,000 paths, 1,000 names of tools, 100 names of models', async () => {
    const random = () => Math.random().toString(36).slice(2);
    const everyone = SERVICES.map(({ name }) => name);
    const service = (index: number) => everyone[index % everyone.length] ?? '';
    const round = async (paths: number, tools: number, models: number) => {
      await inBatches(paths, (i) => request(at(service(i), `/${random()}/${random()}?${random()}`)));
      await inBatches(tools / 2, () => post(at('mcp-server', `/tools/${random()}`), { arguments: {} }));
      await inBatches(tools / 2, () => execute(random(), {}));
      await inBatches(models, () => chat({ message: 'Go', provider: 'openai', model: random() }));
      script.push({ calls: [{ name: random(), arguments: {} }] });
      await chat({ message: 'Go', provider: 'openai' });
      await execute('execute_code', { code: '1', language: random() });
    };
    const series = () =>
      Promise.all(everyone.map(async (name) => [name, [...(await scrape(mesh.url(name))).series.keys()]] as const));
    // The first of each kind makes the series that stand for all of them.
    await round(10, 10, 2);
    const before = await series();
    await round(1_000, 1_000, 100);
    for (const [index, [name, after]] of (await series()).entries()) {
      const known = new Set(before[index]?.[1]);
      // What the collector did last, and which kinds of handles are open, come and go by themselves.
      const made = after.filter((key) => !known.has(key) && !key.startsWith('nodejs_'));
      expect([name, made]).toEqual([name, []]);
    }
  }, 90_000);
});

async function inBatches(count: number, task: (index: number) => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 20) {
    await Promise.all(Array.from({ length: Math.min(20, count - done) }, (_, index) => task(done + index)));
  }
}
