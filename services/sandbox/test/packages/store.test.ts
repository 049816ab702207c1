import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, temporaryDirectory, type TestPackages } from './fixtures/setup.ts';

// Each install runs pip, which takes a while on a busy machine.
jest.setTimeout(240_000);

const run = promisify(execFile);
const PYTHON = '/usr/bin/python3';

let index: IndexServer;
let packages: TestPackages;
beforeAll(async () => {
  index = await startIndex();
  packages = await openPackages(index);
  index.addWheels('zqbase', [{ version: '1.0' }]);
});
afterAll(async () => {
  await cleanUp();
  await index.stop();
});

/** Returns the directory of the set that a request gets. */
async function setOf(...specs: readonly string[]): Promise<string> {
  return (await packages.layerFor('pypi', specs, signal)).directory ?? '';
}

const downloads = (name: string): number =>
  index.requests.filter((path) => path.startsWith(`/pypi-files/${name}/`) && path.endsWith('.whl')).length;

test('unpacks and fetches a release once, however many sets have it, at once too, and shares its files', async () => {
  for (const name of ['zqone', 'zqtwo', 'zqthree']) {
    index.addWheels(name, [{ version: '1.0', requires: ['zqbase'] }]);
  }
  const sets = await Promise.all(['zqone', 'zqtwo', 'zqthree'].map((name) => setOf(name)));
  expect(new Set(sets).size).toBe(3);
  expect(downloads('zqbase')).toBe(1);
  const inodes = await Promise.all(sets.map(async (path) => (await stat(join(path, 'zqbase', '__init__.py'))).ino));
  expect(new Set(inodes).size).toBe(1);
  // Room is counted once, too.
  const { bytes } = await packages.usage();
  const sizes = (await packages.list()).map((item) => item.size_bytes);
  expect(bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
});

test('imports come from bytecode, which is made without running anything of the package', async () => {
  const marker = join(await temporaryDirectory(), 'ran');
  index.addWheels('zqcompiled', [
    { version: '1.0', files: [{ name: 'zqcompiled/loud.py', content: `open(${JSON.stringify(marker)}, 'w')\n` }] },
  ]);
  const set = await setOf('zqcompiled');
  expect(existsSync(marker)).toBe(false);
  const program = [
    'import sys',
    'sys.path.insert(0, sys.argv[1])',
    'compiled = []',
    'import builtins, zqcompiled',
    'from importlib.machinery import SourceFileLoader',
    'SourceFileLoader.source_to_code = lambda self, data, path: compiled.append(path) or compile(data, path, "exec")',
    'import zqcompiled.loud',
    'print(compiled, zqcompiled.__spec__.cached.startswith(sys.argv[1]))',
  ].join('\n');
  const { stdout } = await run(PYTHON, ['-I', '-S', '-B', '-c', program, set]);
  expect(stdout).toBe('[] True\n');
  expect(existsSync(marker)).toBe(true);
});

test('packages that share a namespace, data files and commands are there together', async () => {
  index.addWheels('zqshared-a', [
    {
      version: '1.0',
      files: [
        {
          name: 'zqshared_ns/a.py',
          content: 'import importlib.resources as r\nx = r.files("zqshared_a").joinpath("d.txt").read_text()\n',
        },
        { name: 'zqshared_a/d.txt', content: 'data' },
      ],
      entryPoints: '[console_scripts]\nzqhello = zqshared_a.cli:main\n',
    },
  ]);
  index.addWheels('zqcli', [
    {
      version: '1.0',
      files: [
        { name: 'zqcli/cli.py', content: 'import sys\ndef main():\n    print("hello", sys.argv[1:])\n    return 3\n' },
      ],
      entryPoints: '[console_scripts]\nzqhi = zqcli.cli:main\n',
    },
  ]);
  const set = await setOf('zqshared-a', 'zqcli');
  const env = { PYTHONPATH: set };
  const hi = await run(join(set, 'bin', 'zqhi'), ['you'], { env }).catch((error: unknown) => error);
  expect(hi).toMatchObject({ code: 3, stdout: "hello ['you']\n" });
  const read = await run(PYTHON, ['-c', 'import zqshared_ns.a as a; print(a.x)'], { env });
  expect(read.stdout).toBe('data\n');
});

test('a set is for one interpreter: another one neither imports it nor is given it', async () => {
  index.addWheels('zqtarget', [{ version: '1.0' }]);
  const set = await setOf('zqtarget');
  const imports = { code: 'import zqtarget', session: undefined };
  expect(await packages.layerForImports('pypi', imports, signal)).toMatchObject({ directory: set });
  for (const pythonTarget of [
    { version: '3.14', kind: 'wasm' },
    { version: '3.12', kind: 'native' },
  ] as const) {
    const other = await openPackages(index, { directory: packages.directory, pythonTarget });
    expect(await other.layerForImports('pypi', imports, signal)).toBeUndefined();
  }
});

test('removes the store of an earlier version, whose sets were whole copies', async () => {
  const directory = await temporaryDirectory();
  const old = join(directory, 'layers', 'pypi', 'a'.repeat(64));
  await mkdir(old, { recursive: true });
  await writeFile(`${old}.json`, '{}');
  const later = await openPackages(index, { directory });
  while (existsSync(join(directory, 'layers'))) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await later.list()).toEqual([]);
});

test('an install that takes longer than its caller waits goes on, and the same call joins it', async () => {
  index.addWheels('zqlong', [{ version: '1.0' }]);
  const impatient = await openPackages(index, { waitMs: 1 });
  const still = impatient.install({ name: 'zqlong', ecosystem: 'pypi' }, signal);
  await expect(still).rejects.toMatchObject({
    code: 'unavailable',
    retryAfterSeconds: expect.any(Number),
    message: expect.stringContaining('Still installing zqlong'),
    details: [{ path: 'packages', install_id: expect.any(String) }],
  });
  await expect(impatient.layerFor('pypi', ['zqlong'], signal)).rejects.toMatchObject({ code: 'unavailable' });
  const { id } = impatient.jobs.start({ name: 'zqlong', ecosystem: 'pypi' });
  while (!['installed', 'failed'].includes(impatient.jobs.find(id).status)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(impatient.jobs.find(id)).toMatchObject({
    status: 'installed',
    requested: ['zqlong'],
    packages: [{ name: 'zqlong', version: '1.0' }],
    progress: { done: 1, total: 1 },
  });
  expect(downloads('zqlong')).toBe(1);
  expect(() => impatient.jobs.find('unknown')).toThrow('There is no install');
  expect(await readdir(join(impatient.directory, 'work'))).toEqual([]);
});

test('a caller that follows sees how far the install is', async () => {
  index.addWheels('zqfollow', [{ version: '1.0', requires: ['zqbase'] }]);
  const seen: { done: number; total: number | undefined }[] = [];
  await packages.install({ name: 'zqfollow', ecosystem: 'pypi' }, signal, {
    onProgress: (step) => void seen.push(step),
  });
  expect(seen.map(({ done, total }) => [done, total])).toEqual([
    [0, undefined],
    [1, 2],
    [2, 2],
  ]);
});

test('leaves libraries for GPUs out, says so, and takes them where the policy wants them', async () => {
  index.addWheels('nvidia-cublas-cu12', [{ version: '1.0' }]);
  index.addWheels('triton', [{ version: '1.0' }]);
  index.addWheels('zqgpu', [
    { version: '1.0', requires: ['nvidia-cublas-cu12; platform_system == "Linux"', 'triton==1.0', 'zqbase'] },
  ]);
  const result = await packages.install({ name: 'zqgpu', ecosystem: 'pypi' }, signal);
  expect(result).toMatchObject({ status: 'installed', dependencies: [{ name: 'zqbase' }] });
  expect(result.output).toContain('its parts for GPUs are left out (nvidia-cublas-cu12, triton)');
  const directory = await temporaryDirectory();
  const policyFile = join(directory, 'policy.json');
  await writeFile(policyFile, JSON.stringify({ gpu: 'install' }));
  const whole = await openPackages(index, { policyFile });
  const { dependencies } = await whole.install({ name: 'zqgpu', ecosystem: 'pypi' }, signal);
  expect(dependencies.map(({ name }) => name)).toEqual(['nvidia-cublas-cu12', 'triton', 'zqbase']);
});
