import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Commands that npm has by itself, and the scripts behind them. */
const BUILT_IN = new Map([['pack', 'prepack']]);

/** Returns the npm scripts that the first column of CONTRIBUTING's table of commands names. */
function listedScripts(): ReadonlySet<string> {
  const rows = text('CONTRIBUTING.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const commands = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`npm (?:run )?([\w:-]+)/g)]);
  return new Set(commands.map(([, name = '']) => BUILT_IN.get(name) ?? name));
}

test('the table of commands lists every script of package.json, and no other', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(text('package.json'));
  expect([...listedScripts()].toSorted()).toEqual(Object.keys(scripts).toSorted());
});

test('a script that a README or a document names is there', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(text('package.json'));
  const papers = ['README.md', 'CONTRIBUTING.md', 'AGENTS.md', 'examples/README.md', 'docs/troubleshooting.md'];
  const named = papers.flatMap((paper) =>
    [...text(paper).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => `${paper}: ${name}`),
  );
  expect(named.filter((entry) => !Object.hasOwn(scripts, entry.split(': ')[1] ?? ''))).toEqual([]);
});
