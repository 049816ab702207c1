import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { freePort, serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Mesh, readProcess, startMesh } from '../mesh.ts';
import { SERVICES } from '../../mesh/services.ts';
import { SETTINGS } from '../../mesh/settings.ts';

const START_MS = 90_000;
const KEY = 'open-sesame';
/** A value that no process may show, for each secret setting and for a variable that belongs to nobody. */
const CANARIES = Object.fromEntries(
  [...SETTINGS.filter(({ isSecret }) => isSecret), { name: 'TOKEN_OF_SOMETHING_ELSE' }].map(({ name }) => {
    const value = `canary-${name.toLowerCase()}`;
    return [name, /URL|REGISTRY|ENDPOINT|PROXY/.test(name) ? `http://user:${value}@127.0.0.1:9` : value];
  }),
);

describe('npm start with a key', () => {
  const headers = { 'x-api-key': KEY };
  let mesh: Mesh;
  beforeAll(async () => {
    const keys = Object.fromEntries(['API_KEY', 'MCP_SERVER_API_KEY', 'SANDBOX_API_KEY'].map((name) => [name, KEY]));
    mesh = await startMesh({ ...CANARIES, LLM_PROVIDER: 'demo', ...keys });
  }, START_MS);
  afterAll(() => mesh.stop());
  const chat = (message: string) => post(`${mesh.url('middleware')}/chat`, { message }, { headers });

  test('asks for it at every service, and uses it between them', async () => {
    for (const { name } of SERVICES) {
      expect((await request(`${mesh.url(name)}/tools`)).status).toBe(401);
      expect((await request(`${mesh.url(name)}/health`)).status).toBe(200);
    }
    const { body } = await chat('Execute: print("Hello") and tell me the time');
    expect(body.tool_calls).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
  });

  test('shows no secret in the environment of any of its processes, and each service has its own', async () => {
    const admin = { 'x-admin-key': String(CANARIES['SANDBOX_ADMIN_KEY']) };
    const approvals = await request(`${mesh.url('sandbox')}/packages/approvals`, { headers: { ...headers, ...admin } });
    expect(approvals.status).toBe(200);
    const tree = mesh.tree();
    // The launcher, the services, and the sandbox's workers.
    expect(tree.length).toBeGreaterThan(SERVICES.length + 1);
    const shown = tree.map((pid) => `${readProcess(pid, 'cmdline')} ${readProcess(pid, 'environ')}`).join('\n');
    expect(shown).toContain('PORT=');
    expect(shown).not.toMatch(/canary-|open-sesame/);
  });

  test('is ended by SIGTERM with everything that it had started, after a running chat', async () => {
    expect(mesh.servicePids().length).toBe(SERVICES.length);
    const asked = chat('Run `import time; time.sleep(1); print("slept")`');
    const metrics = async (): Promise<string> => (await request(`${mesh.url('sandbox')}/metrics`)).body;
    await until(async () => /sandbox_programs\{state="running"\} 1/.test(await metrics()));
    mesh.signal('SIGTERM');
    expect(await asked).toMatchObject({ status: 200, body: { response: 'Code output: slept' } });
    expect(await mesh.exited).toEqual({ code: 0 });
    expect(mesh.servicePids()).toEqual([]);
    expect(mesh.output()).not.toContain('open-sesame');
  });
});

describe('npm start', () => {
  // Ctrl-C and a plain stop take the same way; a commit needs one start of five services less.
  test.each(IS_FULL ? (['SIGINT', 'SIGTERM'] as const) : (['SIGINT'] as const))(
    'is ended by %s, with everything that it had started',
    async (signal) => {
      const own = await startMesh();
      expect(own.servicePids().length).toBe(SERVICES.length);
      own.signal(signal);
      expect(await own.exited).toEqual({ code: 0 });
      expect(own.servicePids()).toEqual([]);
    },
    START_MS,
  );

  test(
    'without an upstream that is dead, silent or cannot be used serves all others; when it is killed, its services end with it',
    async () => {
      const silent = endWithTest(await serveRaw(() => {}));
      const { mcpServers } = JSON.parse(readFileSync(new URL('../../mesh.json', import.meta.url), 'utf8'));
      const file = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
      const dead = { url: `http://127.0.0.1:${await freePort()}/mcp` };
      const unset = { url: '${NOT_SET_ANYWHERE}' };
      const entries = { dead, unset, silent: { url: silent.url }, ...mcpServers };
      writeFileSync(file, `// mine\n${JSON.stringify({ mcpServers: entries })}`);
      const own = await startMesh({ MESH_CONFIG: file, LLM_PROVIDER: 'demo' });
      expect(own.output()).toMatch(/Degraded +dead \(down: .*cannot be reached/);
      expect(own.output()).toMatch(/Degraded +unset \(down: .*mcpServers\.unset\.url: \$\{NOT_SET_ANYWHERE\}/);
      expect((await request(`${own.url('mcp-server')}/ready`)).body).toMatchObject({
        status: 'ready',
        checks: {
          dead: { status: 'degraded' },
          unset: { status: 'degraded' },
          silent: { status: 'degraded' },
          'time-client': { status: 'ok' },
        },
      });
      const message = 'Execute: print("Hello") and tell me the time';
      const { body } = await post(`${own.url('middleware')}/chat`, { message });
      expect(body.tool_calls).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
      own.signal('SIGKILL');
      await until(() => own.servicePids().length === 0);
    },
    START_MS,
  );
});
