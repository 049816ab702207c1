import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { SERVICES } from '../../mesh/services.ts';
import { answerProblems, codeBlocks, runnableCommands, withPorts } from '../../scripts/docs/commands.ts';
import { fillBlocks } from '../../scripts/docs/generated-blocks.ts';
import { declaredMetrics } from '../../scripts/docs/metrics.ts';
import { httpReference } from '../../scripts/docs/http.ts';
import { startMesh, type Mesh } from '../mesh.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(120_000);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 90_000);
afterAll(() => mesh.stop());

async function bash(script: string): Promise<{ readonly code: unknown; readonly output: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: ROOT,
    env: { ...mesh.env, PATH: `${ROOT}node_modules/.bin:${mesh.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const output = await textOf(child.stdout);
  const [code] = await ended;
  return { code, output };
}

describe('a command of the documentation', () => {
  const commands = runnableCommands(codeBlocks(ROOT)).map((command) => [command.at, command] as const);

  test.each(commands)('%s does what it says', async (_at, { script, expected }) => {
    const { code, output } = await bash(withPorts(script, mesh.url));
    expect({ code, problems: answerProblems(output, expected) }).toEqual({ code: 0, problems: [] });
  });
});

test('the reference lists every route of the running services (`npm run docs:http` writes it)', async () => {
  const page = read('docs/reference/http.md');
  const listed = SERVICES.filter(({ name }) => page.includes(`\n## ${name}, port`));
  const texts = new Map([['http', await httpReference(mesh.url, listed)]]);
  expect(listed.length).toBeGreaterThanOrEqual(5);
  expect(page).toBe(fillBlocks(page, texts, new Set(['http'])));
});

describe('the contract', () => {
  test.each(SERVICES.map(({ name }) => name))('lists the metrics that %s exposes, and no other', async (name) => {
    const exposition = await (await fetch(new URL('/metrics', mesh.url(name)))).text();
    const exposed = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, metric, kind]) => `${metric} ${kind}`);
    const owners = [
      'every service',
      name,
      ...(exposed.includes('tool_executions_total counter') ? ['tool services'] : []),
    ];
    const declared = declaredMetrics().filter(({ owner }) => owners.includes(owner));
    const ownToo = exposed.filter((metric) => !/^(?:process|nodejs)_/.test(metric));
    expect(ownToo.sort()).toEqual(declared.map((metric) => `${metric.name} ${metric.kind}`).sort());
  });

  const Schema = z.object({ properties: z.record(z.string(), z.unknown()), required: z.array(z.string()).default([]) });
  const Tools = z.object({
    tools: z.array(z.object({ name: z.string(), input_schema: Schema, output_schema: Schema })),
  });
  type Tool = z.output<typeof Tools>['tools'][number];
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``);

  const rowOf = ({ name, input_schema, output_schema }: Tool, servers: readonly string[]): string => {
    const inputs = Object.keys(input_schema.properties).map(
      (key) => `\`${key}\`${input_schema.required.includes(key) ? '' : '?'}`,
    );
    const outputs = code(Object.keys(output_schema.properties));
    return `| \`${name}\` | ${servers.join(', ')} | ${inputs.join(', ') || 'none'} | ${outputs.join(', ')} |`;
  };

  test('lists the tools that the services serve, their arguments and what they answer', async () => {
    const table = /<!-- table: tools -->\n([\s\S]*?)<!-- end -->/.exec(read('docs/contract.md'))?.[1] ?? '';
    const rows = table.trim().split('\n').slice(2);
    const serving = SERVICES.filter(({ name }) => new RegExp(`[|,] ${name}[,\\s]`).test(table));
    const servers = new Map<string, { readonly tool: Tool; readonly names: string[] }>();
    for (const { name } of serving) {
      const answer = await fetch(new URL('/tools', mesh.url(name)));
      for (const tool of Tools.parse(await answer.json()).tools) {
        const names = [...(servers.get(tool.name)?.names ?? []), name];
        servers.set(tool.name, { tool, names });
      }
    }
    expect([...servers.values()].map(({ tool, names }) => rowOf(tool, names)).sort()).toEqual(rows.sort());
  });
});
