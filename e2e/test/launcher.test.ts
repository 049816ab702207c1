import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Mesh, processesWith, startMesh } from '../mesh.ts';
import { SERVICES } from '../../mesh/services.ts';

const START_MS = 90_000;
const settingOf = (mesh: Mesh): string => `SANDBOX_PORT=${mesh.env['SANDBOX_PORT']}`;

describe('npm start with a key', () => {
  const headers = { 'x-api-key': 'open-sesame' };
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ API_KEY: 'open-sesame' });
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

  test('is ended by SIGTERM with everything that it had started, after a running chat', async () => {
    expect(processesWith('services/', settingOf(mesh)).length).toBe(SERVICES.length);
    const asked = chat('Run `import time; time.sleep(1); print("slept")`');
    const metrics = async (): Promise<string> => (await request(`${mesh.url('sandbox')}/metrics`)).body;
    await until(async () => /sandbox_workers\{language="python",state="busy"\} 1/.test(await metrics()));
    mesh.signal('SIGTERM');
    expect(await asked).toMatchObject({ status: 200, body: { response: 'Code output: slept' } });
    expect(await mesh.exited).toEqual({ code: 0 });
    expect(processesWith('services/', settingOf(mesh))).toEqual([]);
    expect(mesh.output()).not.toContain('open-sesame');
  });
});

describe('npm start', () => {
  // Ctrl-C and a plain stop take the same way; a commit needs one start of five services less.
  test.each(IS_FULL ? (['SIGINT', 'SIGTERM'] as const) : (['SIGINT'] as const))(
    'is ended by %s, with everything that it had started',
    async (signal) => {
      const own = await startMesh();
      expect(processesWith('services/', settingOf(own)).length).toBe(SERVICES.length);
      own.signal(signal);
      expect(await own.exited).toEqual({ code: 0 });
      expect(processesWith('services/', settingOf(own))).toEqual([]);
    },
    START_MS,
  );

  test(
    'that is killed takes its services with it',
    async () => {
      const own = await startMesh();
      own.signal('SIGKILL');
      await until(() => processesWith('services/', settingOf(own)).length === 0);
    },
    START_MS,
  );
});
