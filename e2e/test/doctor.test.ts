import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { freePort, serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Mesh, startMesh } from '../mesh.ts';
import { PYTHON_ISOLATION } from '../parts.ts';
import { portVariable, SERVICES } from '../../mesh/services.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(60_000);

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the doctor in a process of its own and returns its output and exit code. */
async function doctor(env: NodeJS.ProcessEnv): Promise<{ readonly code: number | null; readonly says: string }> {
  const child = spawn(process.execPath, ['scripts/doctor.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let says = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (says += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, says };
}

/** Settings under which nothing of this machine is found. */
async function nowhere(): Promise<Record<string, string>> {
  const ports = await Promise.all(SERVICES.map(async ({ name }) => [portVariable(name), String(await freePort())]));
  return {
    PATH: process.env['PATH'] ?? '',
    OLLAMA_HOST: `http://127.0.0.1:${await freePort()}`,
    ...Object.fromEntries(ports),
  };
}

describe('a mesh that is stopped', () => {
  test('is nothing wrong: the doctor says how to start it, and which model would answer', async () => {
    const { code, says } = await doctor(await nowhere());
    expect(says).toMatch(/note +Mesh +is not running\n +-> npm start starts it/);
    expect(says).toMatch(/note +Model +no Ollama answers at .*there is no OPENAI_API_KEY: the demo answers/);
    expect(says).toMatch(/ok +Node +24/);
    expect(says).toMatch(/ok +Upstreams +mesh.json names code-executor, time-client/);
    expect(says).toMatch(/GiB of [\d.]+ free at /);
    expect(says).toContain('Nothing is wrong.');
    expect(code).toBe(0);
  });

  test('with a port that another program has: the doctor names the program and the setting', async () => {
    const other = await serveRaw((_req, res) => void res.end('not a mesh'));
    const { code, says } = await doctor({ ...(await nowhere()), TIME_CLIENT_PORT: String(other.port) });
    await other.stop();
    expect(says).toMatch(
      new RegExp(`WRONG +time-client +cannot have port ${other.port}: .* \\(pid ${process.pid}\\) has it`),
    );
    expect(says).toContain('set TIME_CLIENT_PORT to another port');
    expect(code).toBe(1);
  });

  test('with settings that cannot be used: the doctor lists each, and shows no secret', async () => {
    const { code, says } = await doctor({
      ...(await nowhere()),
      LOG_LEVEL: 'loud',
      CHAT_TIMEOUT_MS: 'long',
      MESH_CONFIG: '/nowhere/mesh.json',
      LLM_PROVIDER: 'openai',
      OPENAI_API_KEY: 'sk-very-secret',
      OPENAI_BASE_URL: `http://127.0.0.1:${await freePort()}/v1`,
      SANDBOX_BWRAP: '/nowhere/bwrap',
      SANDBOX_ISOLATION: 'namespaces',
    });
    expect(says).toMatch(/WRONG +Settings +LOG_LEVEL: /);
    expect(says).toMatch(/WRONG +Settings +CHAT_TIMEOUT_MS: /);
    expect(says).toMatch(/WRONG +Upstreams +MESH_CONFIG: \/nowhere\/mesh.json cannot be read/);
    expect(says).toMatch(
      /WRONG +Isolation +SANDBOX_ISOLATION demands namespaces, which this machine does not allow\n +-> .*bubblewrap/,
    );
    expect(says).toMatch(/WRONG +Model +nothing answers at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
    expect(says).toContain('5 things are wrong.');
    expect(says).not.toContain('very-secret');
    expect(code).toBe(1);
  });

  test('with entries of mesh.json that cannot be used: the doctor names place and remedy', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
    writeFileSync(path, '{"mcpServers":{"good":{"url":"http://a.test"},"bad":{"url":"${NOT_SET}","exlude":[]}}}');
    const { code, says } = await doctor({ ...(await nowhere()), MESH_CONFIG: path });
    expect(says).toMatch(/ok +Upstreams +\S+mesh.json names good\n/);
    expect(says).toMatch(/WRONG +Upstreams +mcpServers.bad.url: \$\{NOT_SET\}: this variable is not set/);
    expect(says).toMatch(/warn +Upstreams +mcpServers.bad.exlude: .*did you mean exclude\?/);
    expect(code).toBe(1);
  });

  test('on a machine without a jail: the doctor says what is had instead, and why', async () => {
    const { code, says } = await doctor({ ...(await nowhere()), SANDBOX_BWRAP: '/nowhere/bwrap' });
    expect(says).toMatch(/note +Isolation +Python in wasm.*all without a jail.*\n +-> .*apt-get install bubblewrap/);
    expect(code).toBe(0);
  });

  test.each([
    [401, /WRONG +Model +\S.* refuses the key \(401\)\n +-> check OPENAI_API_KEY/],
    [200, /ok +Model +127\.0\.0\.1:\d+ answers/],
  ])('with a provider that answers %i', async (status, expected) => {
    const provider = await serveRaw((_req, res) => void res.writeHead(status).end('{}'));
    const settings = { OPENAI_API_KEY: 'sk-very-secret', OPENAI_BASE_URL: `${provider.url}/v1` };
    const { says } = await doctor({ ...(await nowhere()), ...settings });
    await provider.stop();
    expect(says).toMatch(expected);
  });
});

describe('a mesh that runs', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ LLM_PROVIDER: 'demo', API_KEY: 'a-key' });
  }, 90_000);
  afterAll(() => mesh.stop());

  test('is well: the doctor says so of each part', async () => {
    const { code, says } = await doctor(mesh.env);
    expect(says).toMatch(/ok +Mesh +all 5 services run/);
    for (const { name } of SERVICES) {
      const isDegraded = name === 'sandbox' && PYTHON_ISOLATION !== 'namespaces';
      expect(says).toMatch(new RegExp(`${isDegraded ? 'warn' : 'ok'} +${name} +runs and is ready`));
    }
    expect(says).toMatch(/ok +Upstream +time-client is up with 3 tools/);
    expect(says).toMatch(/ok +Upstream +code-executor is up with 4 tools/);
    expect(says).toContain(PYTHON_ISOLATION === 'namespaces' ? 'python in namespaces' : 'wasm');
    expect(says).toMatch(/note +Model +the demo answers/);
    expect(says).not.toContain('a-key');
    expect(code).toBe(0);
  });

  test('and that is asked with the wrong key: the doctor says which setting', async () => {
    const { code, says } = await doctor({ ...mesh.env, API_KEY: 'another' });
    expect(says).toMatch(/WRONG +Upstreams +the hub wants a key\n +-> set API_KEY/);
    expect(code).toBe(1);
  });

  test('with a service that hangs: the doctor names it, its process, and what suffers from it', async () => {
    const pid = mesh.pidOf('time-client') ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      await until(async () => {
        const { body } = await request(`${mesh.url('mcp-server')}/ready`);
        return body.checks['time-client'].status === 'degraded';
      });
      const { code, says } = await doctor(mesh.env);
      expect(says).toMatch(new RegExp(`WRONG +time-client +has port \\d+ and does not answer: .*\\(pid ${pid}\\)`));
      expect(says).toContain(`kill -9 ${pid}`);
      expect(says).toMatch(/warn +mcp-server +runs and is ready, but degraded: time-client \(/);
      expect(says).toMatch(/WRONG +Upstream +time-client is (stale|down)/);
      expect(says).toMatch(/note +Mesh +4 of 5 services run/);
      expect(code).toBe(1);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }, 60_000);
});
