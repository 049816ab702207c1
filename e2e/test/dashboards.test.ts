import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { parse } from 'yaml';
import { meshWithCommand } from '../command-upstream.ts';
import { serveFakeOpenAi } from '../fake-openai.ts';
import { type Mesh, startMesh } from '../mesh.ts';
import { testWith } from '../parts.ts';
import { hasPrometheus, type Prometheus, startPrometheus } from '../prometheus.ts';
import { SERVICES } from '../../mesh/services.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(60_000);

const root = fileURLToPath(new URL('../../', import.meta.url));
const withPrometheus = testWith('Prometheus', hasPrometheus);

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource: object;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string; readonly thresholds?: object } };
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
  readonly panels: readonly Panel[];
}

const dashboards = readdirSync(`${root}grafana/dashboards`).map((name): Dashboard =>
  JSON.parse(readFileSync(`${root}grafana/dashboards/${name}`, 'utf8')),
);
const panelsOf = ({ panels }: Dashboard) => panels.filter(({ type }) => type !== 'row');
const variables = dashboards.flatMap(({ templating }) => templating.list.filter(({ name }) => name !== 'datasource'));
const queries = dashboards.flatMap((dashboard) =>
  panelsOf(dashboard).flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ panel: `${dashboard.title}, ${title}`, expr })),
  ),
);

/** Counted only where a model garbles its calls or has to ask: none here does. */
const ELSEWHERE = /\b(chat_approvals_total|chat_tool_args_repaired_total)\b/;

describe('dashboards', () => {
  test('are there for the whole, the tools, the sandbox and the chat, each under an address of its own', () => {
    expect(dashboards.map(({ uid }) => uid).sort()).toEqual([
      'toolmesh-chat',
      'toolmesh-overview',
      'toolmesh-sandbox',
      'toolmesh-tools',
    ]);
  });

  test.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
    '%s: every panel says what it shows, in which unit, and when that is bad',
    (_title, dashboard) => {
      expect(dashboard.description).toMatch(/\.$/);
      expect(dashboard.templating.list.length).toBeGreaterThan(1);
      for (const panel of panelsOf(dashboard)) {
        expect(panel).toMatchObject({
          description: expect.stringMatching(/\.$/),
          datasource: { uid: '${datasource}' },
          fieldConfig: { defaults: { unit: expect.any(String), thresholds: { mode: 'absolute' } } },
        });
        for (const { legendFormat } of panel.targets) expect(legendFormat).not.toBe('');
      }
    },
  );

  test('use each variable that they offer, and none else', () => {
    for (const dashboard of dashboards) {
      const text = JSON.stringify(dashboard);
      const offered = dashboard.templating.list.map(({ name }) => name);
      const used = [...text.matchAll(/\$\{?(\w+)/g)]
        .map(([, name]) => name ?? '')
        .filter((name) => !name.startsWith('__'));
      expect(new Set(used)).toEqual(new Set(offered));
    }
  });

  test('are provisioned from the folders that the container has, with the data source that they ask for', () => {
    const read = (path: string) => parse(readFileSync(`${root}${path}`, 'utf8'));
    const { volumes } = read('docker-compose.yml').services.grafana;
    const [provider] = read('grafana/provisioning/dashboards/toolmesh.yml').providers;
    expect(volumes).toContain(`./grafana/dashboards:${provider.options.path}:ro`);
    expect(volumes).toContain('./grafana/provisioning:/etc/grafana/provisioning:ro');
    const { datasources } = read('grafana/provisioning/datasources/prometheus.yml');
    expect(datasources).toContainEqual(expect.objectContaining({ type: 'prometheus', url: 'http://prometheus:9090' }));
  });
});

describe('a Prometheus that scrapes the running mesh', () => {
  let mesh: Mesh | undefined;
  let prometheus: Prometheus | undefined;
  let provider: Awaited<ReturnType<typeof serveFakeOpenAi>> | undefined;
  beforeAll(async () => {
    if (!hasPrometheus) return;
    let asked = 0;
    // Every second request has to be sent again.
    provider = await serveFakeOpenAi(() => ((asked += 1) % 2 === 1 ? { status: 503 } : { text: 'Hello.' }));
    mesh = await startMesh({
      LLM_PROVIDER: 'demo',
      OPENAI_API_KEY: 'none',
      OPENAI_BASE_URL: `${provider.url}/v1`,
      MESH_CONFIG: meshWithCommand(),
    });
    prometheus = await startPrometheus(mesh);
  }, 90_000);
  afterAll(async () => {
    await prometheus?.stop();
    await mesh?.stop();
    await provider?.stop();
  });
  const started = () => {
    if (mesh === undefined || prometheus === undefined) throw new Error('not started');
    return { mesh, prometheus };
  };

  withPrometheus('reaches every service and itself', async () => {
    const { ask } = started().prometheus;
    await until(async () => (await ask('up == 1')).length === SERVICES.length + 1);
    expect(new Set((await ask('up')).map(({ labels }) => labels['job']))).toEqual(
      new Set(['prometheus', ...SERVICES.map(({ name }) => name)]),
    );
  });

  withPrometheus(
    'has an answer to every query of every panel, and values for every variable',
    async () => {
      const { ask, labelValues } = started().prometheus;
      const unanswered = async () => {
        await drive(started().mesh.url);
        const found = await Promise.all(
          queries.map(async ({ panel, expr }) => {
            const values = (await ask(concrete(expr))).map(({ value }) => value);
            const answered = values.some((value) => !Number.isNaN(value)) || ELSEWHERE.test(expr);
            return answered ? [] : [`${panel}: ${expr}`];
          }),
        );
        return found.flat();
      };
      let missing = await unanswered();
      for (let tries = 0; missing.length > 0 && tries < 60; tries += 1) {
        await sleep(500);
        missing = await unanswered();
      }
      expect(missing).toEqual([]);

      for (const { query } of variables) {
        const [, metric = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
        expect([query, (await labelValues(concrete(metric), label)).length]).not.toEqual([query, 0]);
      }
    },
    90_000,
  );

  withPrometheus('finds every metric that a panel or an alert asks for', async () => {
    const { ask } = started().prometheus;
    const rules = parse(readFileSync(`${root}monitoring/toolmesh.rules.yml`, 'utf8')).groups.flatMap(
      (group: { rules: { expr: string }[] }) => group.rules.map(({ expr }) => expr),
    );
    const texts = [...rules, ...queries.map(({ expr }) => expr)].join('\n').replaceAll(/\bby \([^)]*\)/g, '');
    const names = new Set(texts.match(/\b[a-z]+_[a-z0-9_]+(?=[{[ )])/g));
    const wanted = [...names].filter((name) => METRIC.test(name) && !ELSEWHERE.test(name));
    expect(wanted.length).toBeGreaterThan(25);
    const known = new Set(
      (await ask('count by (__name__) ({__name__=~".+"})')).map(({ labels }) => labels['__name__']),
    );
    expect(wanted.filter((name) => !known.has(name))).toEqual([]);
  });

  withPrometheus(
    'turns the alert on when a service hangs, and off when it is back',
    async () => {
      const { mesh: running, prometheus: asked } = started();
      // On a busy machine any service may miss a scrape: what counts is the one that is stopped.
      const about = { ServiceDown: 'job', UpstreamDown: 'upstream' };
      const firing = async (alert: keyof typeof about) =>
        (await asked.ask(`ALERTS{alertname="${alert}",alertstate="firing",${about[alert]}="time-client"}`)).length > 0;
      await until(async () => !(await firing('ServiceDown')) && !(await firing('UpstreamDown')));
      const victim = running.pidOf('time-client') ?? 0;
      process.kill(victim, 'SIGSTOP');
      try {
        await until(async () => (await firing('ServiceDown')) && (await firing('UpstreamDown')));
      } finally {
        process.kill(victim, 'SIGCONT');
      }
      await until(async () => !(await firing('ServiceDown')) && !(await firing('UpstreamDown')));
    },
    90_000,
  );
});

/** One call of each kind, so that all that is counted moves. */
async function drive(url: (service: string) => string): Promise<void> {
  const execute = (name: string, parameters: object) => post(`${url('middleware')}/execute`, { name, parameters });
  const message = 'Execute: print("Hello") and tell me the time';
  await Promise.all([
    post(`${url('middleware')}/chat`, { message }),
    post(`${url('middleware')}/chat`, { message: 'Hello', provider: 'openai' }),
    execute('execute_code', { code: '1', language: 'javascript' }),
    execute('execute_code', { code: 'print("x" * 200_000)' }),
    execute('install_package', { name: 'system', ecosystem: 'pypi' }),
    request(`${url('mcp-server')}/tools`),
  ]);
}

const METRIC = /^(http|process|nodejs|mcp|tool|sandbox|chat|gen_ai)_/;

/** A panel's query as Grafana would send it. */
const concrete = (expr: string): string => expr.replaceAll('$__rate_interval', '10s').replaceAll(/"\$\w+"/g, '".*"');
