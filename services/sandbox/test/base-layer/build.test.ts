import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { buildBaseLayer, type BuildProgress } from '../../src/base-layer/build-base-layer.ts';
import { explainBuildFailure } from '../../src/base-layer/explain-build-failure.ts';
import { findLayerFolder, finishedSets, type LayerFolder } from '../../src/base-layer/layer-folder.ts';
import type { BaseLayerLock } from '../../src/base-layer/lock.ts';
import { createFetcher } from '../../src/packages/index/fetcher.ts';
import { type IndexServer, startIndex } from '../packages/fixtures/index-server.ts';
import { cleanUp, temporaryDirectory } from '../packages/fixtures/setup.ts';

const PYTHON = '/usr/bin/python3';
const COMMAND = fileURLToPath(new URL('fixtures/build-from-lock.ts', import.meta.url));
const FONT = Buffer.from('a font, as far as anybody looks');

let index: IndexServer;
let lock: BaseLayerLock;
const fetcher = createFetcher({});
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

beforeAll(async () => {
  index = await startIndex();
  const tests = [{ name: 'alpha/tests/test_it.py', content: 'this is no Python' }];
  index.addWheels('alpha', [{ version: '1.0', files: tests }]);
  index.addWheels('beta', [{ version: '2.0' }]);
  index.addWheels('gamma', [{ version: '3.0' }]);
  const font = [
    { name: 'package/LICENSE_FONT', content: 'OFL' },
    { name: 'package/400Regular/Sample_400Regular.ttf', content: FONT },
  ];
  await index.addNpm('sample-font', '1.0.0', {}, font);
  const packageOf = (name: string, version: string) => {
    const [file] = index.pypi.get(name)?.files ?? [];
    const content = file?.content ?? Buffer.alloc(0);
    const wheels = [{ file: file?.filename ?? '', sha256: sha256(content), bytes: content.length }];
    return { name, version, wheels };
  };
  lock = {
    sets: [
      { name: 'data', packages: [packageOf('alpha', '1.0'), packageOf('beta', '2.0')] },
      { name: 'analysis', packages: [packageOf('gamma', '3.0')] },
    ],
    fonts: [
      {
        package: 'sample-font',
        version: '1.0.0',
        path: '400Regular/Sample_400Regular.ttf',
        sha256: sha256(FONT),
        bytes: FONT.length,
      },
    ],
  };
});
beforeEach(() => {
  index.misbehaving.clear();
  index.requests.length = 0;
});
afterAll(async () => {
  await cleanUp();
  await fetcher.close();
  await index.stop();
});

async function emptyFolder(content = lock): Promise<LayerFolder> {
  const { target, directory } = await findLayerFolder(await temporaryDirectory(), PYTHON);
  return { directory, target, lock: content, sets: ['data', 'fonts', 'analysis'], importable: ['data', 'analysis'] };
}

const build = (folder: LayerFolder, onProgress: (progress: BuildProgress) => void = () => {}) =>
  buildBaseLayer({
    folder,
    python: PYTHON,
    fetcher,
    index: index.pipIndexUrl,
    registry: index.npmRegistry,
    signal: AbortSignal.timeout(60_000),
    onProgress,
  });

const downloads = () => index.requests.filter((path) => path.startsWith('/pypi-files/'));

test('builds set after set: compiled, without tests, readable to everybody and writable to nobody', async () => {
  const folder = await emptyFolder();
  const seen: BuildProgress[] = [];
  await build(folder, (progress) => {
    seen.push(progress);
    // A set is there before the next one begins.
    const at = folder.sets.indexOf(progress.set ?? '');
    expect(finishedSets(folder)).toEqual(at < 0 ? folder.sets : folder.sets.slice(0, at));
  });
  expect(seen.at(-1)).toEqual({ percent: 100 });
  expect(seen.map(({ percent }) => percent)).toEqual(seen.map(({ percent }) => percent).toSorted((a, b) => a - b));
  const data = join(folder.directory, 'data');
  expect(await readdir(join(data, 'alpha/__pycache__'))).toEqual([
    expect.stringMatching(/^__init__\.cpython-\d+\.pyc$/),
  ]);
  expect(existsSync(join(data, 'alpha/tests'))).toBe(false);
  for (const path of ['alpha', 'alpha/__init__.py', 'beta-2.0.dist-info/METADATA']) {
    expect((await stat(join(data, path))).mode & 0o777 & 0o733).toBe(path === 'alpha' ? 0o511 : 0o400);
  }
  expect((await readFile(join(folder.directory, 'fonts/Sample-Regular.ttf'))).equals(FONT)).toBe(true);
  expect(await readFile(join(folder.directory, 'fonts/Sample-LICENSE.txt'), 'utf8')).toBe('OFL');

  index.requests.length = 0;
  await build(folder);
  expect(index.requests).toEqual([]);
});

test('keeps finished sets and downloads over a failure, and goes on from there', async () => {
  const folder = await emptyFolder();
  index.misbehaving.set('gamma', 'error');
  const failure = await build(folder).catch((error: unknown) => error);
  expect(explainBuildFailure(failure)).toMatchObject({
    message: expect.stringMatching(/status 5\d\d/),
    isLasting: false,
  });
  expect(finishedSets(folder)).toEqual(['data', 'fonts']);
  index.misbehaving.clear();
  index.requests.length = 0;
  await build(folder);
  expect(finishedSets(folder)).toEqual(folder.sets);
  expect(downloads()).toHaveLength(1);
});

test('refuses a file that is not the pinned one, by its hash', async () => {
  const [data, analysis] = lock.sets;
  const wrong = { ...lock, sets: [data, analysis].flatMap((set) => set ?? []).map((set) => ({ ...set })) };
  const [pinned] = analysis?.packages ?? [];
  const wheels = (pinned?.wheels ?? []).map((wheel) => ({ ...wheel, sha256: 'a'.repeat(64) }));
  wrong.sets[1] = { name: 'analysis', packages: [{ name: 'gamma', version: '3.0', wheels }] };
  const folder = await emptyFolder(wrong);
  const failure = await build(folder).catch((error: unknown) => error);
  expect(explainBuildFailure(failure).message).toMatch(/gamma-3\.0.* is not the pinned file: its hash differs/);
  expect(finishedSets(folder)).toEqual(['data', 'fonts']);
});

test('two builds at once fetch each file once, and both succeed', async () => {
  const folder = await emptyFolder();
  await Promise.all([build(folder), build(folder)]);
  expect(finishedSets(folder)).toEqual(folder.sets);
  expect(downloads().toSorted()).toEqual([...new Set(downloads())].toSorted());
});

test('a build that is killed leaves nothing half done, and holds up nobody', async () => {
  const folder = await emptyFolder();
  index.misbehaving.set('beta', 'slow');
  const file = join(await temporaryDirectory(), 'folder.json');
  await writeFile(file, JSON.stringify({ folder, index: index.pipIndexUrl, registry: index.npmRegistry }));
  const child = spawn(process.execPath, ['--no-warnings', COMMAND, file], { stdio: 'ignore' });
  const gone = new Promise((resolve) => void child.once('close', resolve));
  const work = join(folder.directory, '../downloads');
  while (!existsSync(work) || !(await readdir(work)).some((name) => name.endsWith('.whl'))) {
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  await gone;
  expect(finishedSets(folder)).toEqual([]);
  index.misbehaving.clear();
  index.requests.length = 0;
  await build(folder);
  expect(finishedSets(folder)).toEqual(folder.sets);
  expect(downloads().some((path) => path.includes('alpha'))).toBe(false);
}, 60_000);

test('names the folder after the interpreter and the pinned content, built or not', async () => {
  const directory = await temporaryDirectory();
  const found = await findLayerFolder(directory, PYTHON);
  expect(found.directory).toMatch(/^\/.*\/python-base\/[0-9a-f]{32}$/);
  expect(await findLayerFolder(directory, PYTHON)).toEqual(found);
  await expect(findLayerFolder(directory, '/nonexistent/python')).rejects.toThrow('ENOENT');
});

test('a disk that is full or cannot be written is told in words', () => {
  const error = (code: string) => new Error('no', { cause: Object.assign(new Error(`${code}: x`), { code }) });
  expect(explainBuildFailure(error('ENOSPC'))).toEqual({
    message: 'the disk of SANDBOX_CACHE_DIR is full',
    isLasting: false,
  });
  expect(explainBuildFailure(error('EROFS'))).toMatchObject({ isLasting: true });
});
