import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type RunningMesh } from './journeys.ts';
import { hasProgram } from './parts.ts';
import { SERVICES } from '../mesh/services.ts';

export const hasPrometheus = hasProgram('prometheus') && hasProgram('promtool');

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** The instant vector of a query. @throws Error when Prometheus refuses the query. */
  ask(query: string): Promise<readonly Sample[]>;
  /** The values of a label of a metric. */
  labelValues(metric: string, label: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * The real Prometheus with the project's own configuration and rules, its targets where `mesh` is, and its pace a
 * test's: it scrapes each second, and alerts wait one second instead of minutes.
 */
export async function startPrometheus(mesh: RunningMesh): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const port = await freePort();
  let config = readFileSync(`${root}prometheus.yml`, 'utf8')
    .replaceAll('15s', '1s')
    .replace('localhost:9090', `127.0.0.1:${port}`)
    .replace('monitoring/', `${folder}/`);
  for (const { name, port: usual } of SERVICES) {
    config = config.replace(`${name}:${usual}`, new URL(mesh.url(name)).host);
  }
  writeFileSync(join(folder, 'prometheus.yml'), config);
  for (const name of readdirSync(`${root}monitoring`).filter((file) => file.endsWith('.rules.yml'))) {
    const rules = readFileSync(`${root}monitoring/${name}`, 'utf8');
    writeFileSync(join(folder, name), rules.replaceAll(/for: \d+m/g, 'for: 1s'));
  }
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string) => {
    const { body } = await request(url + path);
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  };
  await until(async () => (await request(`${url}/-/ready`).catch(() => ({ status: 0 }))).status === 200);
  return {
    async ask(query) {
      const { result } = await get(`/api/v1/query?query=${encodeURIComponent(query)}`);
      return result.map(({ metric, value }: { metric: Record<string, string>; value: [number, string] }) => ({
        labels: metric,
        value: Number(value[1]),
      }));
    },
    labelValues: (metric, label) => get(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(metric)}`),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
