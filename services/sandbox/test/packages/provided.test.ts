import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { findLayerFolder, sealOf } from '../../src/base-layer/layer-folder.ts';
import { cacheFor, PYTHON_LEVELS, type Sandbox, startSandbox } from '../sandbox.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';

// A sandbox and pip are started.
jest.setTimeout(240_000);

/** A base layer of small packages with the names of the large ones. */
async function makeBaseLayer(cache: string): Promise<void> {
  const { directory } = await findLayerFolder(cache, '/usr/bin/python3');
  const layer = join(directory, 'data');
  for (const [name, version, requires = ''] of [
    ['numpy', '2.4.6'],
    ['pandas', '3.0.0', 'Requires-Dist: numpy>=2\nProvides-Extra: excel\nRequires-Dist: zqexcel; extra == "excel"\n'],
    ['matplotlib', '3.10.0'],
  ] as const) {
    const info = join(layer, `${name}-${version}.dist-info`);
    await mkdir(join(layer, name), { recursive: true });
    await mkdir(info);
    await writeFile(join(layer, name, '__init__.py'), `origin = 'base'\n`);
    await writeFile(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requires}\n`);
    await writeFile(join(info, 'RECORD'), `${name}/__init__.py,,\n${name}-${version}.dist-info/METADATA,,\n`);
  }
  await writeFile(
    join(layer, 'matplotlib', 'pyplot.py'),
    'def get_fignums(): return []\nclass Figure:\n    savefig = None\n',
  );
  await writeFile(join(layer, 'pandas', '__init__.py'), 'def set_option(*_): pass\n');
  await writeFile(sealOf(directory, 'data'), '{}');
}

const describeJailed = PYTHON_LEVELS.includes('namespaces') ? describe : describe.skip;

describeJailed('packages on top of the base layer', () => {
  const cache = cacheFor({});
  let index: IndexServer;
  let sandbox: Sandbox;
  beforeAll(async () => {
    index = await startIndex();
    await makeBaseLayer(cache);
    // Others than the base layer has: to be taken only where that one does not fit.
    index.addWheels('numpy', [{ version: '1.0' }, { version: '9.0' }]);
    index.addWheels('pandas', [{ version: '9.0' }]);
    index.addWheels('zqplots', [{ version: '1.0', requires: ['numpy>=1', 'pandas'] }]);
    index.addWheels('zqpicky', [{ version: '1.0', requires: ['numpy<2'] }]);
    index.addWheels('zqexcel', [{ version: '1.0' }]);
    sandbox = await startSandbox({
      SANDBOX_ISOLATION: 'namespaces',
      SANDBOX_CACHE_DIR: cache,
      SANDBOX_MALICIOUS_LIST: 'off',
      PIP_INDEX_URL: index.pipIndexUrl,
    });
  });
  afterAll(async () => {
    await sandbox?.stop();
    await index?.stop();
    await rm(cache, { recursive: true, force: true });
  });

  const WHERE = 'import sys\nbefore = "numpy" in sys.modules\nimport numpy\nbefore, numpy.__file__';
  const FROM_BASE = "(True, '/opt/python-layer/data/numpy/__init__.py')";

  test('a program that imports numpy gets that of the base layer, warm, whatever others have installed', async () => {
    await sandbox.run({ code: 'import zqpicky', packages: ['zqpicky'] });
    await sandbox.run({ code: 'import zqplots', packages: ['zqplots'] });
    expect(await sandbox.run({ code: WHERE })).toMatchObject({ error: null, result: FROM_BASE, packages: [] });
  });

  test('a set holds nothing that the base layer has, and its programs are warm, too', async () => {
    const code = `import zqplots\n${WHERE}`;
    const named = await sandbox.run({ code, packages: ['zqplots'] });
    expect(named).toMatchObject({ result: FROM_BASE, packages: [{ name: 'zqplots', version: '1.0' }] });
    expect(await sandbox.run({ code })).toMatchObject({ result: FROM_BASE, packages: [{ name: 'zqplots' }] });
  });

  test('a package that the base layer does not suit brings what does, for its own programs', async () => {
    const named = await sandbox.run({ code: `import zqpicky\n${WHERE}`, packages: ['zqpicky'] });
    expect(named).toMatchObject({ result: "(False, '/opt/packages/numpy/__init__.py')" });
    expect(named.packages).toEqual(expect.arrayContaining([{ name: 'numpy', version: '1.0' }]));
  });

  test('an extra of a package of the base layer brings what it needs', async () => {
    const code = 'import pandas, zqexcel\npandas.__file__, zqexcel.__version__';
    const result = await sandbox.run({ code, packages: ['pandas[excel]'] });
    expect(result).toMatchObject({ result: "('/opt/python-layer/data/pandas/__init__.py', '1.0')" });
    expect(result.packages).toEqual([{ name: 'zqexcel', version: '1.0' }]);
  });
});
