import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { pyodideLockText, readPyodideLock } from '../../src/packages/index/pyodide-distribution.ts';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal } from './fixtures/setup.ts';
import { makeWheel } from './fixtures/wheel.ts';

// pip is started.
jest.setTimeout(240_000);

const NATIVE = 'cp314-cp314-manylinux_2_28_x86_64';
const PYODIDE = 'cp314-cp314-pyemscripten_2026_0_wasm32';

let index: IndexServer;
let cdn: Awaited<ReturnType<typeof serveRaw>>;
const wheel = makeWheel({ name: 'zqmatrix', version: '2.1', tag: PYODIDE });
const asked: string[] = [];

const lockWith = (sha256: string): string =>
  JSON.stringify({
    packages: {
      zqmatrix: {
        name: 'zqmatrix',
        version: '2.1',
        file_name: wheel.filename,
        sha256,
        package_type: 'package',
        depends: [],
        imports: ['zqmatrix'],
      },
    },
  });

beforeAll(async () => {
  index = await startIndex();
  // As with numpy: the index has wheels for Linux alone, of more releases than the distribution has.
  index.addWheels('zqmatrix', [
    { version: '2.1', tag: NATIVE },
    { version: '2.2', tag: NATIVE },
  ]);
  index.addWheels('zqnative', [{ version: '1.0', tag: NATIVE }]);
  index.addWheels('zqboth', [{ version: '1.0', tag: PYODIDE }]);
  cdn = await serveRaw((req, res) => {
    asked.push(req.url ?? '');
    if (req.url === `/full/${wheel.filename}`) res.end(wheel.content);
    else res.writeHead(404).end();
  });
});
afterAll(async () => {
  await cleanUp();
  await index.stop();
  await cdn.stop();
});

const openWith = (sha256: string) =>
  openPackages(index, {
    pythonTarget: { version: '3.14', kind: 'wasm' },
    pyodidePackagesUrl: `${cdn.url}/full`,
    pyodideLock: lockWith(sha256),
  });
const sha256 = createHash('sha256').update(wheel.content).digest('hex');

test('takes from the distribution of Pyodide what the index has for Linux alone, by its hash', async () => {
  const packages = await openWith(sha256);
  const result = await packages.install({ name: 'zqmatrix', ecosystem: 'pypi' }, signal);
  expect(result).toMatchObject({ status: 'installed', version: '2.1' });
  expect(asked).toEqual([`/full/${wheel.filename}`]);
});

test('refuses a file of the distribution that is not the pinned one', async () => {
  const packages = await openWith('0'.repeat(64));
  expect(await packages.install({ name: 'zqmatrix', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'failed',
    reason: { code: 'hash_mismatch' },
  });
});

test('says of native code that neither has for WebAssembly where it could run', async () => {
  const packages = await openWith(sha256);
  const { reason } = await packages.install({ name: 'zqnative', ecosystem: 'pypi' }, signal);
  expect(reason).toMatchObject({ code: 'no_wheel', message: expect.stringContaining('bubblewrap and python3') });
});

test('reads the lock of the pinned Pyodide, which has what data programs need', () => {
  const files = readPyodideLock(pyodideLockText());
  for (const name of ['numpy', 'pandas', 'matplotlib', 'scipy', 'lxml']) {
    expect(files.get(name)).toMatchObject({
      url: expect.stringMatching(/^https:\/\/cdn\.jsdelivr\.net\/pyodide\/v[\d.]+\/full\/.*_wasm32\.whl$/),
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
  }
});

test('a program in wasm imports a wheel that the index has for WebAssembly', async () => {
  const sandbox: Sandbox = await startSandbox({
    SANDBOX_ISOLATION: 'wasm',
    SANDBOX_MALICIOUS_LIST: 'off',
    PIP_INDEX_URL: index.pipIndexUrl,
  });
  try {
    const code = 'import zqboth\nzqboth.__version__';
    expect(await sandbox.run({ code, packages: ['zqboth'] })).toMatchObject({ result: "'1.0'", error: null });
  } finally {
    await sandbox.stop();
  }
});
