import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { findLayerFolder, sealOf } from '../../src/base-layer/layer-folder.ts';
import { cacheFor, PYTHON_LEVELS, type Sandbox, startSandbox } from '../sandbox.ts';

const describeJailed = PYTHON_LEVELS.includes('namespaces') ? describe : describe.skip;

describeJailed('a set of libraries that arrives while the sandbox runs', () => {
  const cache = cacheFor({});
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ SANDBOX_ISOLATION: 'namespaces', SANDBOX_CACHE_DIR: cache });
  }, 240_000);
  afterAll(() => sandbox?.stop());

  const look = async () => (await request(`${sandbox.url}/ready`)).body;

  test('is told before, and there for the next program afterwards, without a restart', async () => {
    // The first workers are warm.
    await until(async () => (await look()).status === 'ready');
    const before = await look();
    expect(before).toMatchObject({ checks: { python_layer: { status: 'ok' } } });
    expect(before.checks.python_layer.detail).toMatch(/^without data, fonts.*: npm run python-layer adds them$/);
    expect(await sandbox.run({ code: 'import numpy' })).toMatchObject({ error: { type: 'ModuleNotFoundError' } });

    const { directory } = await findLayerFolder(cache, '/usr/bin/python3');
    const built = join(cache, 'built');
    await mkdir(join(built, 'numpy'), { recursive: true });
    await mkdir(join(built, 'numpy-9.9.dist-info'));
    await writeFile(join(built, 'numpy/__init__.py'), '__version__ = "9.9"\n');
    await writeFile(join(built, 'numpy-9.9.dist-info/METADATA'), 'Metadata-Version: 2.1\nName: numpy\nVersion: 9.9\n');
    await writeFile(sealOf(built, '.'), '{}');
    await rename(built, join(directory, 'data'));
    await until(async () => !(await look()).checks.python_layer.detail.includes('data,'));

    const code = 'import numpy, sys\nnumpy.__version__, numpy.__file__';
    expect((await sandbox.run({ code })).result).toBe("('9.9', '/opt/python-layer/data/numpy/__init__.py')");
    // The names of the libraries are needed for a warm worker; any program has the set.
    const unnamed = 'import importlib\nimportlib.import_module("num" + "py").__version__';
    expect((await sandbox.run({ code: unnamed })).result).toBe("'9.9'");
    expect((await request(`${sandbox.url}/health`)).body.python_layer).toMatchObject({ state: 'off', sets: ['data'] });
  }, 240_000);
});
