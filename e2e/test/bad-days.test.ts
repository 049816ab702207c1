import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Mesh, startMesh } from '../mesh.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(60_000);

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 90_000);
afterAll(() => mesh.stop());

const BOTH = 'Execute: print("Hello") and tell me the time';
const chat = (message: string) => post(`${mesh.url('middleware')}/chat`, { message });
const statuses = (body: { tool_calls: { status: string }[] }) => body.tool_calls.map(({ status }) => status);

function kill(service: string, signal: NodeJS.Signals = 'SIGKILL'): void {
  process.kill(mesh.pidOf(service) ?? 0, signal);
}

/** Waits until every service answers as ready again; the launcher starts what has died. */
async function untilWell(): Promise<void> {
  for (const service of ['sandbox', 'time-client', 'code-executor', 'mcp-server', 'middleware']) {
    await until(async () => (await request(`${mesh.url(service)}/ready`).catch(() => ({ status: 0 }))).status === 200);
  }
}

describe('a service that is killed', () => {
  test.each([
    ['sandbox', ['error', 'ok'], /The sandbox (cannot be reached|dropped the connection)/],
    ['code-executor', ['error', 'ok'], /code-executor (cannot be reached|dropped the connection)/],
    ['time-client', ['ok', 'error'], /time-client (cannot be reached|dropped the connection)/],
  ])(
    'before a call, %s: the chat answers and says what failed; the next call after its return works',
    async (service, expected, said) => {
      await chat(BOTH);
      kill(service);
      const { status, body } = await chat(BOTH);
      expect(status).toBe(200);
      expect(statuses(body)).toEqual(expected);
      expect(body.response).toMatch(said);
      await until(
        async () => (await request(`${mesh.url(service)}/ready`).catch(() => ({ status: 0 }))).status === 200,
      );
      expect(statuses((await chat(BOTH)).body)).toEqual(['ok', 'ok']);
      await untilWell();
    },
  );

  test.each(['sandbox', 'code-executor'])(
    'in the middle of a call, %s: the chat answers and says what failed',
    async (service) => {
      const asked = chat('Run `import time; time.sleep(5)` and tell me the time');
      await sleep(500);
      kill(service);
      const { status, body } = await asked;
      expect(status).toBe(200);
      expect(statuses(body)).toEqual(['error', 'ok']);
      expect(body.response).toContain('dropped the connection');
      await untilWell();
      expect(statuses((await chat(BOTH)).body)).toEqual(['ok', 'ok']);
    },
  );

  test('before a call, the hub: the chat answers that there are no tools', async () => {
    await chat(BOTH);
    kill('mcp-server');
    await sleep(50);
    const { status, body } = await chat(BOTH);
    expect(status).toBe(200);
    expect(body.response).toMatch(/not available|cannot be reached/);
    await until(
      async () => (await request(`${mesh.url('mcp-server')}/ready`).catch(() => ({ status: 0 }))).status === 200,
    );
    await sleep(1_100);
    expect(statuses((await chat(BOTH)).body)).toEqual(['ok', 'ok']);
    await untilWell();
  });

  test('in the middle of a call, the hub: the chat answers and says what failed', async () => {
    const asked = chat('Run `import time; time.sleep(5)`');
    await sleep(500);
    kill('mcp-server');
    const { status, body } = await asked;
    expect(status).toBe(200);
    expect(statuses(body)).toEqual(['error']);
    expect(body.response).toMatch(/dropped the connection|cannot be reached/);
    await untilWell();
  });
});

describe('a service that hangs', () => {
  test('does not hold up the chat for longer than its clock, and works once it goes on', async () => {
    kill('time-client', 'SIGSTOP');
    const other = await chat('Run `6 * 7`');
    expect(other.body.response).toContain('42');
    kill('time-client', 'SIGCONT');
    await until(async () => statuses((await chat(BOTH)).body).every((status) => status === 'ok'));
    await untilWell();
  });
});

const describeFull = IS_FULL ? describe : describe.skip;

describeFull('a service that hangs for good', () => {
  test('is ended and started again by the launcher, before the timeout of the call that it held', async () => {
    const before = mesh.pidOf('time-client');
    kill('time-client', 'SIGSTOP');
    const { status, body } = await chat('Tell me the time');
    expect(status).toBe(200);
    // The call fails with its process, or is made again: it only reads.
    expect(['error', 'ok']).toEqual(expect.arrayContaining(statuses(body)));
    expect(mesh.output()).toContain('time-client runs and has not answered its health checks');
    await untilWell();
    expect(mesh.pidOf('time-client')).not.toBe(before);
    expect(statuses((await chat(BOTH)).body)).toEqual(['ok', 'ok']);
  }, 150_000);
});

describe('SIGTERM under load', () => {
  test.each(['middleware', 'mcp-server', 'code-executor', 'time-client', 'sandbox'])(
    '%s ends every call that it had begun',
    async (service) => {
      await untilWell();
      const at = mesh.url(service);
      const call = {
        middleware: () => post(`${at}/chat`, { message: 'Run `import time; time.sleep(0.6)`' }),
        'mcp-server': () => post(`${at}/tools/execute_code`, { arguments: { code: 'import time; time.sleep(0.6)' } }),
        'code-executor': () =>
          post(`${at}/tools/execute_code`, { arguments: { code: 'import time; time.sleep(0.6)' } }),
        'time-client': () => post(`${at}/tools/list_timezones`, { arguments: {} }),
        sandbox: () => post(`${at}/execute`, { code: 'import time; time.sleep(0.6)' }),
      }[service];
      if (call === undefined) throw new Error(`nothing to call ${service} with`);
      const running = Array.from({ length: 4 }, call);
      await until(async () => {
        const { body } = await request(`${at}/metrics`);
        return service === 'time-client' || Number(/^http_requests_in_flight (\d+)$/m.exec(body)?.[1]) > 4;
      });
      kill(service, 'SIGTERM');
      const answers = await Promise.all(running);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      for (const { body } of answers) expect(JSON.stringify(body)).not.toMatch(/"is_error":true|"status":"error"/);
      await until(() => mesh.output().includes(`${service} ended with exit code 0`));
    },
  );
});

describe('requests that are wrong', () => {
  const headers = { 'content-type': 'application/json' };
  const bodies: [string, string, number, string][] = [
    ['a body that is not JSON', '{"message":', 400, 'invalid_request'],
    ['no body', '', 400, 'invalid_request'],
    ['a message of the wrong type', '{"message":["x"]}', 400, 'invalid_request'],
    ['a body that is too large', JSON.stringify({ message: 'x'.repeat(2 ** 24) }), 413, 'payload_too_large'],
  ];
  test.each(bodies)('%s', async (_name, body, status, code) => {
    await untilWell();
    const answer = await request(`${mesh.url('middleware')}/chat`, { method: 'POST', headers, body });
    expect(answer).toMatchObject({
      status,
      body: { error: { code, message: expect.any(String), request_id: expect.any(String) } },
    });
  });
});
