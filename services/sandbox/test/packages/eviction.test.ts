import { existsSync, readdirSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chooseEvictions } from '../../src/packages/store/choose-evictions.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, type TestPackages } from './fixtures/setup.ts';

let index: IndexServer;
beforeAll(async () => {
  index = await startIndex();
});
afterAll(async () => {
  await cleanUp();
  await index.stop();
});

const DAY = 86_400_000;

/** Installs a package of npm that takes some 20 kB; returns the directory of its layer. */
async function install(packages: TestPackages, name: string): Promise<string> {
  await index.addNpm(name, '1.0.0', {}, [{ name: 'package/data', content: 'x'.repeat(20_000) }]);
  const { directory = '' } = await packages.layerFor('npm', [name], signal);
  return directory;
}

test('chooses what is old, then what was not used the longest, and nothing that is in use', () => {
  const layer = (directory: string, days: number, isFree = true) => {
    // A package of its own, and one that all of them share.
    const packages = [
      { digest: directory, bytes: 10 },
      { digest: 'shared', bytes: 5 },
    ];
    return { directory, packages, lastUsedMs: -days * DAY, isFree };
  };
  const layers = [layer('new', 0), layer('old', 31), layer('held', 40, false), layer('mid', 2), layer('late', 1)];
  const choose = (maxBytes: number) => chooseEvictions(layers, { maxBytes, maxIdleMs: 30 * DAY }, 0);
  const age = { directory: 'old', reason: 'age' };
  const size = (directory: string) => ({ directory, reason: 'size' });
  expect(choose(45)).toEqual([age]);
  expect(choose(35)).toEqual([age, size('mid')]);
  expect(choose(25)).toEqual([age, size('mid'), size('late')]);
  expect(choose(0)).toEqual([age, size('mid'), size('late'), size('new')]);
});

test('removes the packages that were not used the longest where there is no room, and none that a program has', async () => {
  let nowMs = Date.now();
  const evicted: string[] = [];
  const onEvicted = (reason: string) => void evicted.push(reason);
  const packages = await openPackages(index, { maxStoreBytes: 50_000, now: () => new Date(nowMs), onEvicted });
  const first = await install(packages, 'zqevict1');
  nowMs += DAY;
  const second = await install(packages, 'zqevict2');
  const release = packages.hold(first);
  nowMs += DAY;
  const third = await install(packages, 'zqevict3');
  await packages.evict();
  expect([first, second, third].map((path) => existsSync(path))).toEqual([true, false, true]);
  expect(evicted).toEqual(['size']);
  expect(await packages.usage()).toMatchObject({ layers: 2 });
  expect((await packages.list()).map(({ name }) => name)).toEqual(['zqevict1', 'zqevict3']);
  expect(readdirSync(join(packages.directory, 'work'))).toEqual([]);

  nowMs += DAY;
  release();
  nowMs += DAY;
  // It is fetched again, and what comes with it makes room.
  expect(await packages.layerFor('npm', ['zqevict2'], signal)).toMatchObject({ directory: second });
  await packages.evict();
  expect([first, second, third].map((path) => existsSync(path))).toEqual([true, true, false]);
  expect(await packages.layerForImports('npm', { code: "require('zqevict3')", session: undefined }, signal)).toBe(
    undefined,
  );
});

test('refuses what does not fit beside the packages that programs have', async () => {
  const packages = await openPackages(index, { maxStoreBytes: 30_000 });
  packages.hold(await install(packages, 'zqheld1'));
  await index.addNpm('zqheld2', '1.0.0', {}, [{ name: 'package/data', content: 'x'.repeat(20_000) }]);
  expect(await packages.install({ name: 'zqheld2', ecosystem: 'npm' }, signal)).toMatchObject({
    reason: { code: 'too_large' },
  });
});

test('removes what was not used for long, also by an earlier start, and keeps what was', async () => {
  let nowMs = Date.now();
  const first = await openPackages(index);
  const [old, used] = [await install(first, 'zqold'), await install(first, 'zqused')];
  const long = new Date(nowMs - 31 * DAY);
  for (const path of [old, used]) await utimes(`${path}.json`, long, long);
  const later = await openPackages(index, { directory: first.directory, now: () => new Date(nowMs) });
  await later.layerFor('npm', ['zqused'], signal);
  nowMs += DAY / 2;
  await later.evict();
  expect([old, used].map((path) => existsSync(path))).toEqual([false, true]);
  expect(readdirSync(join(first.directory, 'requests'))).toHaveLength(1);
});
