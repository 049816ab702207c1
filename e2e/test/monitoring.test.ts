import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort, post, request, until } from '@toolmesh/shared/testing';
import { type Mesh, startMesh } from '../mesh.ts';
import { hasProgram, testWith } from '../parts.ts';
import { SERVICES } from '../services.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hasPrometheus = hasProgram('prometheus') && hasProgram('promtool');
const withPrometheus = testWith('Prometheus', hasPrometheus);

interface Dashboard {
  readonly title: string;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

const dashboards = readdirSync(`${root}grafana/dashboards`).map((name): Dashboard =>
  JSON.parse(readFileSync(`${root}grafana/dashboards/${name}`, 'utf8')),
);
const panels = dashboards.flatMap((dashboard) => dashboard.panels).filter(({ type }) => type !== 'row');

describe('dashboards', () => {
  test('describe every panel, and let one choose data source and service', () => {
    expect(panels.length).toBeGreaterThan(10);
    for (const { title, description } of panels)
      expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
    for (const { templating } of dashboards)
      expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'job']);
  });
});

describe('Prometheus', () => {
  let mesh: Mesh | undefined;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>> | undefined;
  beforeAll(async () => {
    if (!hasPrometheus) return;
    mesh = await startMesh();
    prometheus = await startPrometheus(mesh);
  }, 90_000);
  afterAll(async () => {
    await prometheus?.stop();
    await mesh?.stop();
  });

  withPrometheus(
    'scrapes the running mesh and answers every query of every panel',
    async () => {
      if (mesh === undefined || prometheus === undefined) throw new Error('not started');
      const { url } = mesh;
      const { ask } = prometheus;
      await until(
        async () => (await ask('sum(up)')).length === 1 && Number((await ask('sum(up)'))[0]?.value) === SERVICES.length,
      );

      const drive = async () => {
        await post(`${url('middleware')}/chat`, { message: 'Execute: print("Hello") and tell me the time' });
        await post(`${url('middleware')}/execute`, {
          name: 'execute_code',
          parameters: { code: '1', language: 'javascript' },
        });
      };
      const empty = async () => {
        await drive();
        const answers = await Promise.all(
          panels.flatMap(({ title, targets = [] }) =>
            targets.map(async ({ expr }) => ({ title, expr, found: await ask(concrete(expr)) })),
          ),
        );
        return answers.filter(({ found }) => found.length === 0).map(({ title, expr }) => `${title}: ${expr}`);
      };
      let missing = await empty();
      const deadline = Date.now() + 25_000;
      while (missing.length > 0 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        missing = await empty();
      }
      expect(missing).toEqual([]);
    },
    60_000,
  );

  withPrometheus(
    'sees an upstream of the hub go',
    async () => {
      if (mesh === undefined || prometheus === undefined) throw new Error('not started');
      const { ask } = prometheus;
      const { pidOf } = mesh;
      const pause = pidOf('time-client') ?? 0;
      process.kill(pause, 'SIGSTOP');
      await until(async () => (await ask('mcp_upstream_up{upstream="time-client"} == 0')).length === 1);
      process.kill(pause, 'SIGCONT');
      await until(async () => (await ask('mcp_upstream_up{upstream="time-client"} == 1')).length === 1);
      expect(await ask('mcp_upstream_up == 0')).toEqual([]);
    },
    60_000,
  );
});

/** A panel's query as Grafana would send it. */
const concrete = (expr: string): string => expr.replaceAll('$__rate_interval', '10s').replaceAll('$job', '.*');

/** The real Prometheus with the project's own configuration, its targets on this machine and its pace a test's. */
async function startPrometheus(mesh: Mesh) {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  let config = readFileSync(`${root}prometheus.yml`, 'utf8')
    .replaceAll('15s', '1s')
    .replace('monitoring/', `${root}monitoring/`);
  for (const { name, port } of SERVICES) config = config.replace(`${name}:${port}`, new URL(mesh.url(name)).host);
  // Itself it scrapes under a port that a test does not have.
  config = config.replace(/ {2}- job_name: prometheus\n.*\n/, '');
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await request(`${url}/-/ready`).catch(() => ({ status: 0 }))).status === 200);
  return {
    /** The instant vector of a query. @throws Error when Prometheus refuses the query. */
    async ask(query: string): Promise<readonly { readonly value: string }[]> {
      const { body } = await request(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
      if (body.status !== 'success') throw new Error(`${query}: ${body.error}`);
      return body.data.result.map(({ value }: { value: [number, string] }) => ({ value: value[1] }));
    },
    async stop() {
      child.kill('SIGTERM');
    },
  };
}
