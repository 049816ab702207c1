import { afterAll, expect, jest, test } from '@jest/globals';
import { gateManifest } from '../../src/packages/resolve/npm-manifest.ts';
import { npmTargetHere } from '../../src/packages/resolve/npm-target.ts';
import { newestVersion } from '../../src/packages/versions.ts';
import { openTestIndex } from './fixtures/setup.ts';
import { makeTarball } from './fixtures/tarball.ts';
import { makeWheel } from './fixtures/wheel.ts';

// Descriptions with tens of thousands of entries are made and read.
jest.setTimeout(120_000);

const { index, packages, install, close } = await openTestIndex('pypi');
afterAll(close);

const manifest = (dependencies: Record<string, string>) => {
  const release = { version: '1.0.0', publishedAt: undefined, isYanked: false, files: [] };
  return gateManifest('zqneeds', { ...release, manifest: { dependencies, dist: {} } }, npmTargetHere(false));
};

test('reads ranges of any length and depth at once, and takes none of them', () => {
  const parts = ['npm:a@', '1 || ', '>=1 ', '^', 'x.', ' ', '-', '(', '1.0.0-0', 'a@', '\t', '||'];
  for (const part of parts) {
    expect(() => manifest({ zq: part.repeat(100) })).not.toThrow();
    expect(manifest({ zq: part.repeat(1_000_000 / part.length) })).toBeUndefined();
  }
  expect(manifest({ zq: 'npm:a@npm:b@1.0.0' })).toBeUndefined();
  expect(manifest({ zq: 'npm:@zq/a@^1.0.0', other: '^1.0.0 || 2.x', tag: 'latest' })).toBeDefined();
});

test('refuses descriptions with more dependencies, releases and files than any package has', async () => {
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`zq${at}`, '1.0.0']));
  expect(manifest(many)).toBeUndefined();

  const tarball = await makeTarball({ name: 'zqmany', version: '1.0.0' });
  const releases = Array.from({ length: 20_001 }, (_, at) => ({
    manifest: { name: 'zqmany', version: `1.0.${at}` },
    tarball,
    integrity: 'sha512-x',
  }));
  index.npm.set('zqmany', releases);
  const tooLarge = { status: 'failed', reason: { code: 'too_large' } };
  expect(await packages.install({ name: 'zqmany', ecosystem: 'npm' }, AbortSignal.timeout(30_000))).toMatchObject(
    tooLarge,
  );

  const { content } = makeWheel({ name: 'zqmany', version: '1.0' });
  const files = Array.from({ length: 50_001 }, (_, at) => {
    return { filename: `zqmany-1.0-${at}-py3-none-any.whl`, content, sha256: 'a'.repeat(64) };
  });
  for (const asHtml of [false, true]) {
    index.pypi.set(`zqmany`, { files, asHtml });
    if (asHtml) index.pypi.set('zqmanyhtml', { files, asHtml });
    expect(await install(asHtml ? 'zqmanyhtml' : 'zqmany')).toMatchObject(tooLarge);
  }
});

test('finds the newest of many versions, a finished one first', () => {
  const npm = Array.from({ length: 5_000 }, (_, at) => `1.${(at * 7) % 5_000}.0`);
  expect(newestVersion('npm', [...npm, '2.0.0-rc.1', 'not a version'])).toBe('1.4999.0');
  expect(newestVersion('npm', ['2.0.0-rc.1', '2.0.0-rc.2', 'x'])).toBe('2.0.0-rc.2');
  const pypi = Array.from({ length: 5_000 }, (_, at) => `1.${(at * 7) % 5_000}`);
  expect(newestVersion('pypi', [...pypi, '2.0rc1', '1.4999.post1', 'not a version'])).toBe('1.4999.post1');
  expect(newestVersion('pypi', ['2.0a1', '2.0b1'])).toBe('2.0b1');
  expect(newestVersion('pypi', ['x'])).toBeUndefined();
});
