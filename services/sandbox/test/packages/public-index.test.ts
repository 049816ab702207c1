import { afterAll, expect, test } from '@jest/globals';
import { proxyOf } from '../../src/commands/proxy-environment.ts';
import { cleanUp, openPackages, signal } from './fixtures/setup.ts';

afterAll(cleanUp);

const PUBLIC = {
  pipIndexUrl: process.env['PIP_INDEX_URL'] ?? 'https://pypi.org/simple',
  npmRegistry: process.env['NPM_CONFIG_REGISTRY'] ?? 'https://registry.npmjs.org',
};

test.each([
  ['pypi', 'six', '1.17.0'],
  ['npm', 'is-number', '7.0.0'],
] as const)('installs from the public index of %s the package %s', async (ecosystem, name, version) => {
  const packages = await openPackages(PUBLIC, { proxy: proxyOf(process.env) });
  const result = await packages.install({ name, version, ecosystem }, signal);
  if (result.reason?.code === 'index_unreachable') {
    console.warn(`SKIPPED: the public index of ${ecosystem} cannot be reached: ${result.reason.message}`);
    return;
  }
  expect(result).toMatchObject({ status: 'installed', name, version, dependencies: [] });
});
