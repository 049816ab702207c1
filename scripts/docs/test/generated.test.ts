import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { STATUS_BY_CODE } from '@toolmesh/shared/contracts/errors';
import { ReasonCode } from '@toolmesh/shared/contracts/packages';
import { describe, expect, test } from '@jest/globals';
import { FILES_WITH_BLOCKS, fillBlocks, generateTexts } from '../generated-blocks.ts';
import { declaredMetrics } from '../metrics.ts';
import { commonSettings, readSettings } from '../settings.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');
const contract = read('docs/contract.md');
const tableOf = (name: string) =>
  new RegExp(`<!-- table: ${name} -->\\n([\\s\\S]*?)<!-- end -->`).exec(contract)?.[1] ?? '';

describe('what is generated', () => {
  const texts = generateTexts();

  test.each(['README.md', ...FILES_WITH_BLOCKS, ...globSync(['docs/**/*.md', 'services/*/README.md'], { cwd: ROOT })])(
    '%s is up to date (`npm run docs:settings` writes it)',
    async (file) => {
      const known = new Set([...(await texts).keys(), 'http']);
      expect(read(file)).toBe(fillBlocks(read(file), await texts, known));
    },
  );

  test('describes every setting, in a sentence', async () => {
    const settings = [...commonSettings(), ...[...(await readSettings()).values()].flat()];
    expect(settings.length).toBeGreaterThan(50);
    expect(settings.filter(({ description }) => !description.endsWith('.'))).toEqual([]);
  });

  test('finds a metric in each place that declares any, with its help and its labels', () => {
    const metrics = declaredMetrics();
    expect(metrics.filter(({ help }) => help === '')).toEqual([]);
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
    expect(metrics).toContainEqual({
      name: 'http_requests_total',
      kind: 'counter',
      labels: ['method', 'route', 'status'],
      help: 'HTTP requests answered',
      owner: 'every service',
    });
  });

  test('refuses a name that nothing generates', () => {
    const document = '<!-- generated: nonsense -->\n<!-- end -->\n';
    expect(() => fillBlocks(document, new Map(), new Set())).toThrow('Nothing generates "nonsense"');
  });
});

describe('the contract', () => {
  test('lists every error code with its status, and no other', () => {
    const rows = [...tableOf('errors').matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)];
    expect(Object.fromEntries(rows.map(([, code, status]) => [code, Number(status)]))).toEqual(STATUS_BY_CODE);
  });

  test('lists every reason for which a package is refused, and no other', () => {
    const codes = [...tableOf('reasons').matchAll(/`(\w+)`/g)].map(([, code]) => code);
    expect(codes).toEqual(ReasonCode.options);
  });

  test('has the sections that docstrings cite', () => {
    const sections = new Set([...contract.matchAll(/^## (\d+)\. /gm)].map(([, number]) => number));
    const sources = globSync(['shared/**/*.ts', 'services/*/src/**/*.ts', 'e2e/**/*.ts'], { cwd: ROOT });
    const cited = sources
      .filter((file) => !file.includes('node_modules'))
      .flatMap((file) => [...read(file).matchAll(/contract, sections? (\d+)/g)].map(([, number]) => number));
    expect(cited.length).toBeGreaterThan(10);
    expect(cited.filter((number) => !sections.has(number))).toEqual([]);
  });
});
