import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { hasOneOf } from '../../src/runtimes/python-namespaces/base-layer.ts';
import { cleanUp, temporaryDirectory } from './fixtures/setup.ts';

afterAll(cleanUp);

test('finds among the packages of a program those that every program has, however they are written', async () => {
  const provided = [{ name: 'python-dateutil' }, { name: 'numpy' }];
  const [plain, other] = [await temporaryDirectory(), await temporaryDirectory()];
  for (const name of ['zqnumpy-2.0.dist-info', 'numpy']) await mkdir(join(plain, name));
  await mkdir(join(other, 'Python_DateUtil-2.9.dist-info'));
  expect([hasOneOf(plain, provided), hasOneOf(other, provided), hasOneOf(other, [])]).toEqual([false, true, false]);
});
