import { describe, expect, test } from '@jest/globals';
import type { ExecutionResult } from '@toolmesh/shared/contracts/execution';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Mesh, startLauncher } from './mesh.ts';
import { NODE_ISOLATION, PYTHON_ISOLATION } from './parts.ts';
import { portVariable, SERVICES } from '../mesh/services.ts';

/** Tests of the first minutes after `npm start`; the last of them kill a service. */
export function describeNewcomer(mesh: () => Mesh): void {
  describe('npm start', () => {
    test('says where to chat, which model there is and why, and how the sandbox isolates', () => {
      const { port } = new URL(mesh().url('middleware'));
      expect(mesh().output()).toContain(`curl -s http://localhost:${port}/chat`);
      expect(mesh().output()).toMatch(/Model +demo \(no OPENAI_API_KEY, and no Ollama at http:\/\/127\.0\.0\.1:\d+\)/);
      expect(mesh().output()).toMatch(
        new RegExp(
          `Sandbox +python: ${PYTHON_ISOLATION}, javascript: ${NODE_ISOLATION}, typescript: ${NODE_ISOLATION}`,
        ),
      );
    });

    test('leads to an answered chat: two tools at the same time, in seconds', async () => {
      const message = 'Execute: print("Hello") and tell me the time';
      const started = Date.now();
      const { status, body } = await post(`${mesh().url('middleware')}/chat`, { message });
      const took = Date.now() - started;
      expect(status).toBe(200);
      expect(took).toBeLessThan(30_000);
      expect(body.response).toContain('Hello');
      const [time] = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/.exec(body.response) ?? [''];
      expect(Math.abs(Date.parse(time) - started)).toBeLessThan(30_000);
      expect(body.tool_calls).toMatchObject([
        {
          name: 'execute_code',
          arguments: { code: 'print("Hello")', language: 'python' },
          status: 'ok',
          result: {
            structured_content: { status: 'success', stdout: 'Hello\n', runtime: { isolation: PYTHON_ISOLATION } },
          },
        },
        { name: 'get_current_time', arguments: { timezone: 'UTC' }, status: 'ok' },
      ]);
      for (const { duration_ms } of body.tool_calls) expect(duration_ms).toBeGreaterThan(0);
    });

    test('runs tools of one message at the same time', async () => {
      const slow = 'import time; print(begun := time.time()); time.sleep(4); time.time()';
      const { body } = await post(`${mesh().url('middleware')}/chat`, { message: `Run \`${slow}\` and \`${slow}\`` });
      expect(body.tool_calls.map(({ status }: { status: string }) => status)).toEqual(['ok', 'ok']);
      const executions: ExecutionResult[] = body.tool_calls.map(
        ({ result }: { result: { structured_content: ExecutionResult } }) => result.structured_content,
      );
      const begun = executions.map(({ stdout }) => Number(stdout));
      const ended = executions.map(({ result }) => Number(result));
      expect(Math.max(...begun)).toBeLessThan(Math.min(...ended));
    });

    test('a second time says which ports are taken, and leaves the first alone', async () => {
      const second = startLauncher(mesh().env);
      expect(await second.exited).toEqual({ code: 1 });
      for (const { name } of SERVICES)
        expect(second.output()).toContain(
          `${mesh().env[portVariable(name)]} (${name}; ${portVariable(name)} sets another)`,
        );
      expect((await request(`${mesh().url('middleware')}/health`)).status).toBe(200);
    });

    test('names a service that dies, and starts it again', async () => {
      const before = mesh().pidOf('time-client');
      process.kill(before ?? 0, 'SIGKILL');
      await until(() => mesh().output().includes('time-client ended by SIGKILL; starting it again'));
      await until(() => ![before, undefined].includes(mesh().pidOf('time-client')));
      await until(
        async () => (await request(`${mesh().url('time-client')}/health`).catch(() => ({ status: 0 }))).status === 200,
      );
    });

    test('ends with the reason of a service that cannot start', async () => {
      const failed = startLauncher({ ...mesh().env, ...(await otherPorts()), MESH_CONFIG: '/nowhere/mesh.json' });
      expect(await failed.exited).toEqual({ code: 1 });
      expect(failed.output()).toContain(
        'mcp-server cannot start: its settings are wrong\nMESH_CONFIG: /nowhere/mesh.json cannot be read',
      );
    });

    test('refuses a port that is none', async () => {
      const failed = startLauncher({ ...mesh().env, SANDBOX_PORT: 'http' });
      expect(await failed.exited).toEqual({ code: 1 });
      expect(failed.output()).toContain('SANDBOX_PORT must be a port; it is "http"');
    });

    test('shows warnings as they come, and no line per request', async () => {
      await post(`${mesh().url('mcp-server')}/tools/get_current_time`, { arguments: {} });
      expect(mesh().output()).not.toContain('get_current_time');
    });
  });
}

async function otherPorts(): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const { name } of SERVICES) entries.push([portVariable(name), String(await freePort())]);
  return Object.fromEntries(entries);
}
