import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMcpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { type FakeAnswer, serveFakeOpenAi } from '../fake-openai.ts';
import { type ServicesWithLogs, startServicesWithLogs } from '../services-with-logs.ts';
import { SERVICES } from '../../mesh/services.ts';

const NAMES = SERVICES.map(({ name }) => name);
const BOTH = 'Execute: print("Hello") and tell me the time';

/** Words that stand for what must not be in a log; each says where it was put. */
const CANARY = {
  key: 'canary-mesh-key',
  provider: 'sk-canary-provider-key',
  admin: 'canary-admin-key',
  wrong: 'canary-wrong-key',
  prompt: 'canary_prompt',
  code: 'canary_code',
  argument: 'canary_argument',
  body: 'canary_body',
  query: 'canary_query',
  session: 'canary_cookie',
  echo: 'canary_echo',
  output: 'canary_output',
  file: 'canary_file',
};

/** Lines on which one of `words` stands, as `service: line`. */
const linesWith = (services: ServicesWithLogs, words: readonly string[]): readonly string[] =>
  NAMES.flatMap((name) => services.log(name).map((line) => `${name}: ${JSON.stringify(line)}`)).filter((line) =>
    words.some((word) => line.includes(word)),
  );

describe('at level debug', () => {
  let services: ServicesWithLogs;
  let provider: Awaited<ReturnType<typeof serveFakeOpenAi>>;
  const script: FakeAnswer[] = [];
  beforeAll(async () => {
    provider = await serveFakeOpenAi(() => script.shift() ?? { text: 'Hello.' });
    services = await startServicesWithLogs({
      LOG_LEVEL: 'trace',
      LLM_PROVIDER: 'demo',
      LLM_RETRIES: '0',
      API_KEY: CANARY.key,
      SANDBOX_ADMIN_KEY: CANARY.admin,
      OPENAI_API_KEY: CANARY.provider,
      OPENAI_BASE_URL: `${provider.url}/v1`,
      PIP_INDEX_URL: `http://user:${CANARY.provider}@127.0.0.1:${await freePort()}/simple`,
    });
  }, 90_000);
  afterAll(async () => {
    await services.stop();
    await provider.stop();
  });
  const at = (service: string, path: string) => services.url(service) + path;
  const keyed = { headers: { 'x-api-key': CANARY.key } };

  test('one chat can be followed through all five services by its ids', async () => {
    const headers = { ...keyed.headers, 'x-request-id': 'follow-me' };
    const { body } = await post(at('middleware', '/chat'), { message: BOTH }, { headers });
    expect(body.tool_calls).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
    const linesOf = (name: string) => services.log(name).filter((line) => line['request_id'] === 'follow-me');
    for (const name of NAMES) {
      await until(() => linesOf(name).length > 0);
      expect(linesOf(name)).toContainEqual({
        service: name,
        level: 'debug',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        message: 'request answered',
        method: 'POST',
        route: expect.any(String),
        status: 200,
        duration_ms: expect.any(Number),
        request_id: 'follow-me',
        trace_id: body.trace_id,
        run_id: body.run_id,
      });
    }
  });

  test('a failure says on its line what failed and why', async () => {
    const headers = { ...keyed.headers, 'x-request-id': 'no-such-model' };
    script.push({ status: 500 });
    await post(at('middleware', '/chat'), { message: 'Go', provider: 'openai' }, { headers });
    const warning = () =>
      services.log('middleware').find(({ request_id, level }) => request_id === 'no-such-model' && level === 'warn');
    await until(() => warning() !== undefined);
    expect(warning()).toMatchObject({
      run_id: expect.stringMatching(/^run_/),
      message: 'request refused',
      route: '/chat',
      code: 'upstream_failed',
      reason: 'The OpenAI server answered 500',
    });
  });

  test('no secret, no prompt, no code, no argument and no output is in any line', async () => {
    const code = `secret = "${CANARY.code}"; print("${CANARY.output}")`;
    const execute = (name: string, parameters: object) =>
      post(at('middleware', '/execute'), { name, parameters }, keyed);
    const chat = (body: object) => post(at('middleware', '/chat'), body, keyed);

    // What goes well.
    await chat({ message: `Execute: ${code} # ${CANARY.prompt}` });
    script.push({ calls: [{ name: 'execute_code', arguments: { code: `${code}\n1/0` } }] }, { text: CANARY.output });
    await chat({ message: CANARY.prompt, provider: 'openai' });
    const stream = { headers: { ...keyed.headers, accept: 'text/event-stream' } };
    await post(at('middleware', '/chat'), { message: `Execute: ${code} # ${CANARY.prompt}` }, stream);
    const facade = { model: 'demo', messages: [{ role: 'user', content: `Execute: ${code}` }] };
    await post(at('middleware', '/v1/chat/completions'), facade, keyed);
    await execute('execute_code', {
      code,
      stdin: CANARY.argument,
      files: [{ path: 'a', content: CANARY.file, encoding: 'utf8' }],
    });
    await post(at('mcp-server', '/tools/execute_code/stream'), { arguments: { code } }, keyed);
    // What callers do wrong.
    await execute('convert_time', { time: CANARY.argument, to_timezone: CANARY.argument });
    await execute('execute_code', { code, language: CANARY.argument, [CANARY.argument]: 1 });
    await execute('execute_code', { code: 'raise ValueError("canary_code")' });
    await execute(CANARY.argument, { code });
    // The name of a package is on the line of its install, for whoever looks into one; what is no name is not.
    await execute('install_package', { name: `${CANARY.argument}!`, ecosystem: 'pypi' });
    await execute('install_package', { name: 'left-pad', version: CANARY.argument, ecosystem: 'npm' });
    await chat({ message: { [CANARY.body]: CANARY.body } });
    for (const service of NAMES) {
      const init = { method: 'POST', headers: { ...keyed.headers, 'content-type': 'application/json' } };
      for (const path of ['/chat', '/execute', '/mcp', '/tools/execute_code', '/v1/chat/completions']) {
        await request(at(service, path), { ...init, body: `{"message": "${CANARY.body}` });
        await request(at(service, path), { ...init, body: `${CANARY.body} is not JSON` });
        await request(at(service, path), { ...init, body: JSON.stringify({ jsonrpc: CANARY.body, id: 1 }) });
      }
      await request(at(service, `/${CANARY.query}?api_key=${CANARY.query}`), keyed);
      await request(at(service, '/tools'), {
        headers: { 'x-api-key': CANARY.wrong, cookie: `session=${CANARY.session}` },
      });
      await request(at(service, '/tools'), { headers: { authorization: `Bearer ${CANARY.wrong}` } });
      await request(at(service, '/health'), {
        headers: { 'x-request-id': `${CANARY.query} with spaces`, baggage: `toolmesh.run_id=${CANARY.query}!` },
      });
    }
    await request(at('sandbox', '/packages/approvals'), { headers: { ...keyed.headers, 'x-admin-key': CANARY.wrong } });
    // What others do wrong.
    script.push({ status: 400, message: `${CANARY.echo} is wrong with key ${CANARY.provider}` });
    await chat({ message: CANARY.prompt, provider: 'openai' });
    script.push({ status: 500, message: CANARY.echo });
    await chat({ message: CANARY.prompt, provider: 'openai' });
    script.push({ calls: [{ name: CANARY.argument, arguments: {} }] });
    await chat({ message: CANARY.prompt, provider: 'openai' });
    const client = createMcpClient({
      name: 'hub',
      url: at('mcp-server', '/mcp'),
      headers: keyed.headers,
      idleTimeoutMs: 5_000,
    });
    const gone = new AbortController();
    const slow = { code: `import time; time.sleep(9)  # ${CANARY.code}` };
    const call = client.callTool('execute_code', slow, quietContext(gone.signal)).catch(() => {});
    await until(async () =>
      /sandbox_workers\{language="python",state="busy"\} [1-9]/.test((await request(at('sandbox', '/metrics'))).body),
    );
    gone.abort();
    await call;
    await client.close();

    for (const name of NAMES) {
      await request(at(name, '/tools'), { headers: { ...keyed.headers, 'x-request-id': 'the-last-one' } });
      await until(() => services.log(name).some(({ request_id }) => request_id === 'the-last-one'));
      expect(services.log(name).length).toBeGreaterThan(10);
    }
    expect(linesWith(services, ['canary'])).toEqual([]);
  }, 60_000);
});

describe('by default', () => {
  let services: ServicesWithLogs;
  beforeAll(async () => {
    services = await startServicesWithLogs({ LLM_PROVIDER: 'demo' });
  }, 90_000);
  afterAll(() => services.stop());

  test('a request that goes well writes no line anywhere', async () => {
    const before = NAMES.map((name) => services.log(name).length);
    for (let round = 0; round < 5; round += 1) {
      await post(`${services.url('middleware')}/chat`, { message: BOTH });
      await post(`${services.url('mcp-server')}/tools/get_current_time`, { arguments: {} });
      for (const name of NAMES) await request(`${services.url(name)}/health`);
    }
    expect(NAMES.map((name) => services.log(name).length)).toEqual(before);
  });

  test('what a caller does wrong writes none either, and what we cannot do a warning', async () => {
    const before = services.log('middleware').length;
    await post(`${services.url('middleware')}/chat`, {});
    await request(`${services.url('middleware')}/nowhere`);
    expect(services.log('middleware').length).toBe(before);
    await post(`${services.url('middleware')}/chat`, { message: 'Go', provider: 'openai' });
    await until(() => services.log('middleware').length > before);
    expect(services.log('middleware').slice(before)).toMatchObject([{ level: 'warn', code: 'unavailable' }]);
  });

  test('each service says that it listens', () => {
    for (const name of NAMES) {
      expect(services.log(name)).toContainEqual(expect.objectContaining({ message: 'listening', service: name }));
    }
  });
});
