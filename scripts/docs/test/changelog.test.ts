import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const headings = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);

test('the changelog begins with what is unreleased, then lists releases, the latest first', () => {
  const [first, ...releases] = headings;
  expect(first).toBe('[Unreleased]');
  for (const release of releases) expect(release).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
  const dates = releases.map((release) => release.slice(-10));
  expect(dates).toEqual(dates.toSorted().toReversed());
});

test('its latest release is the version of the mesh and of every package in it', () => {
  const version = /^\[([^\]]+)\]/.exec(headings[1] ?? '')?.[1];
  const manifests = ['package.json', 'shared/package.json', 'services/mcp-server/package.json'];
  expect(manifests.map((path) => JSON.parse(read(path)).version)).toEqual(manifests.map(() => version));
});

test('it uses only the kinds of changes that Keep a Changelog knows', () => {
  const kinds = [...read('CHANGELOG.md').matchAll(/^### (.+)$/gm)].map(([, kind]) => kind);
  const known = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
  expect(kinds.filter((kind) => !known.includes(kind ?? ''))).toEqual([]);
});
