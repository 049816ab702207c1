import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { post } from '@toolmesh/shared/test-kit/requests';
import { startIndex } from './packages/fixtures/index-server.ts';
import { cacheFor, PYTHON_LEVELS, type Sandbox, startSandbox, USERS } from './sandbox.ts';

// A sandbox, pip and npm are started.
jest.setTimeout(240_000);

const users = PYTHON_LEVELS.includes('namespaces') ? USERS : [];

describe.each(users)('packages in a session that runs, the service being run by %s:', (_name, user) => {
  const cache = cacheFor(user);
  let index: Awaited<ReturnType<typeof startIndex>>;
  let sandbox: Sandbox;
  const run = (session_id: string, code: string, more: object = {}) => sandbox.run({ session_id, code, ...more });
  const named = (name: string, version = '1.0') => ({ name, version });
  beforeAll(async () => {
    index = await startIndex();
    index.addWheels('zqfirst', [{ version: '1.0', requires: ['zqunderlay'] }]);
    index.addWheels('zqsecond', [{ version: '1.0' }]);
    index.addWheels('zqthird', [{ version: '1.0', requires: ['zqunderlay<2'] }]);
    index.addWheels('zqunderlay', [{ version: '1.0' }, { version: '2.0' }]);
    await index.addNpm('zqjs', '1.0.0');
    await index.addNpm('zqts', '2.0.0');
    sandbox = await startSandbox(
      {
        SANDBOX_ISOLATION: 'namespaces',
        SANDBOX_CACHE_DIR: cache,
        SANDBOX_MALICIOUS_LIST: 'off',
        PIP_INDEX_URL: index.pipIndexUrl,
        NPM_CONFIG_REGISTRY: index.npmRegistry,
      },
      user,
    );
  });
  afterAll(async () => {
    await sandbox?.stop();
    await index?.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  test('what is installed in the middle is importable there, and variables stay', async () => {
    const before = await run('late', 'x = 41\nimport zqsecond');
    expect(before).toMatchObject({ status: 'error', packages: [], error: { type: 'ModuleNotFoundError' } });
    await post(`${sandbox.url}/packages/install`, { name: 'zqsecond', ecosystem: 'pypi' });
    const after = await run('late', 'import zqsecond\nx + 1, zqsecond.__version__');
    expect(after).toMatchObject({ result: "(42, '1.0')", packages: [named('zqsecond')] });
  });

  test('a later call names more packages, and the result names all that are there', async () => {
    await run('more', 'import zqfirst\ny = 1', { packages: ['zqfirst'] });
    const { result, packages } = await run('more', 'import zqsecond\ny, zqfirst.__version__, zqsecond.__version__', {
      packages: ['zqsecond'],
    });
    expect(result).toBe("(1, '1.0', '1.0')");
    expect(packages).toEqual([named('zqfirst'), named('zqunderlay', '2.0'), named('zqsecond')]);
    expect((await run('other', 'import os; os.listdir("/opt/packages")')).result).toBe('[]');
  });

  test('a version that is there is not replaced: the call is told, and the session goes on', async () => {
    await run('fixed', 'import zqfirst\nz = 7', { packages: ['zqfirst'] });
    const refused = await sandbox.execute({ session_id: 'fixed', code: 'import zqthird', packages: ['zqthird'] });
    expect(refused).toMatchObject({
      status: 422,
      body: { error: { message: expect.stringContaining('the session has zqunderlay 2.0, and 1.0 is needed') } },
    });
    expect((await run('fixed', 'z')).result).toBe('7');
  });

  test('sessions of JavaScript get more packages, too', async () => {
    const javascript = { language: 'javascript' };
    await run('js', 'globalThis.n = 3', javascript);
    const first = await run('js', "require('zqjs') + n", { ...javascript, packages: ['zqjs'] });
    expect(first).toMatchObject({ status: 'success', packages: [named('zqjs', '1.0.0')] });
    expect(first.result).toContain('1.0.03');
    const second = await run('js', "require('zqts') + require('zqjs')", { ...javascript, packages: ['zqts'] });
    expect(second.result).toContain('2.0.01.0.0');
  });

  test('a console script of a package is a command', async () => {
    index.addWheels('zqtool', [
      {
        version: '1.0',
        files: [{ name: 'zqtool/cli.py', content: 'import sys\ndef main():\n    print("made", sys.argv[1:])\n' }],
        entryPoints: '[console_scripts]\nzqmake = zqtool.cli:main\n',
      },
    ]);
    const code = 'import subprocess\nsubprocess.run(["zqmake", "it"], capture_output=True, text=True).stdout';
    expect((await run('tool', code, { packages: ['zqtool'] })).result).toBe(`"made ['it']\\n"`);
  });
});
