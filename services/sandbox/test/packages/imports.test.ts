import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { post } from '@toolmesh/shared/test-kit/requests';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, temporaryDirectory } from './fixtures/setup.ts';

// A sandbox and pip are started.
jest.setTimeout(240_000);

let index: IndexServer;
let sandbox: Sandbox;
beforeAll(async () => {
  index = await startIndex();
  sandbox = await startSandbox({
    PIP_INDEX_URL: `${index.pipIndexUrl}/`,
    SANDBOX_CACHE_DIR: await temporaryDirectory(),
    SANDBOX_MALICIOUS_LIST: 'off',
  });
});
afterAll(async () => {
  await sandbox.stop();
  await index.stop();
  await cleanUp();
});

const call = async (tool: string, args: object) =>
  (await post(`${sandbox.url}/tools/${tool}`, { arguments: args })).body.structured_content;
const run = (code: string, more: object = {}) => call('execute_code', { code, language: 'python', ...more });

test('a program imports what was installed by its name, and nothing that another package put in its place', async () => {
  const bring = (name: string, path: string) =>
    index.addWheels(name, [{ version: '1.0', files: [{ name: path, content: `who = '${name}'\n` }] }]);
  bring('zqhonest', 'zqyaml/__init__.py');
  bring('zqevil', 'zqyaml/__init__.py');
  bring('zqworse', 'requests/__init__.py');
  const install = (name: string, more: object = {}) => call('install_package', { name, ecosystem: 'pypi', ...more });
  expect(await install('zqhonest', { session_id: 'mine' })).toMatchObject({ status: 'installed' });
  expect(await install('zqevil')).toMatchObject({ status: 'installed' });
  expect(await install('zqworse')).toMatchObject({ status: 'blocked', reason: { code: 'suspicious' } });

  expect(await run('import zqhonest; print(zqhonest.__version__)')).toMatchObject({ stdout: '1.0\n' });
  const who = 'import zqyaml; print(zqyaml.who)';
  expect(await run(who)).toMatchObject({ status: 'error', error: { message: expect.stringContaining('zqyaml') } });
  expect(await run(who, { session_id: 'mine' })).toMatchObject({ stdout: 'zqhonest\n' });
  expect(await run(who, { packages: ['zqevil'] })).toMatchObject({ stdout: 'zqevil\n' });
  expect(await run('import requests')).toMatchObject({ status: 'error', packages: [] });
});
