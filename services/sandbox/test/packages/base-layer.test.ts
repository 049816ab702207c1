import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { baseLayerPath, hasOneOf } from '../../src/runtimes/python-namespaces/base-layer.ts';
import { cleanUp, temporaryDirectory } from './fixtures/setup.ts';

afterAll(cleanUp);

test('names the layer of libraries after what is in it and the interpreter, built or not', async () => {
  const directory = await temporaryDirectory();
  const path = await baseLayerPath(directory, '/usr/bin/python3');
  expect(path).toMatch(/^\/.*\/python-base\/[0-9a-f]{32}$/);
  expect(await baseLayerPath(directory, '/usr/bin/python3')).toBe(path);
  await expect(baseLayerPath(directory, '/nonexistent/python')).rejects.toThrow('ENOENT');
});

test('pins every library to one version and its hashes', async () => {
  const text = await readFile(new URL('../../python-requirements.txt', import.meta.url), 'utf8');
  const pins = text.split('\n').filter((line) => /^[a-z]/.test(line));
  expect(pins.map((line) => line.split('==')[0])).toEqual(expect.arrayContaining(['numpy', 'pandas', 'matplotlib']));
  for (const pin of pins) expect(pin).toMatch(/^[a-z0-9-]+==[0-9.]+ \\$/);
  expect(text.match(/--hash=sha256:[0-9a-f]{64}/g)?.length).toBeGreaterThan(100);
});

test('finds among the packages of a program those that every program has, however they are written', async () => {
  const provided = [{ name: 'python-dateutil' }, { name: 'numpy' }];
  const [plain, other] = [await temporaryDirectory(), await temporaryDirectory()];
  for (const name of ['zqnumpy-2.0.dist-info', 'numpy']) await mkdir(join(plain, name));
  await mkdir(join(other, 'Python_DateUtil-2.9.dist-info'));
  expect([hasOneOf(plain, provided), hasOneOf(other, provided), hasOneOf(other, [])]).toEqual([false, true, false]);
});
