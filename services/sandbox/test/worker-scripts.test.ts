import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { findJail } from '../src/jail/find-jail.ts';
import { createJavaScript } from '../src/runtimes/javascript/runtime.ts';
import { prepareWorkerScripts } from '../src/runtimes/worker-scripts.ts';
import { killWorkers, openStarted } from './javascript-worker.ts';
import { PYTHON_LEVELS } from './sandbox.ts';

const cache = mkdtempSync(join(tmpdir(), 'toolmesh-scripts-'));
// Each jail has a user of its own, who reads it.
chmodSync(cache, 0o755);
afterAll(async () => {
  await killWorkers();
  rmSync(cache, { recursive: true, force: true });
});

/** The first to prepare the scripts bundles what runs in isolates. */
const PREPARE_MS = 120_000;

test(
  'scripts of workers are JavaScript that imports nothing of the project from elsewhere',
  async () => {
    const scripts = await prepareWorkerScripts(cache);
    const files = readdirSync(scripts, { recursive: true, encoding: 'utf8' });
    const code = files.filter((file) => file.endsWith('.mjs'));
    expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
    expect(code).toContain('services/sandbox/src/runtimes/javascript/worker.mjs');
    expect(code).toContain('services/sandbox/src/runtimes/python-wasm/worker.mjs');
    for (const file of code) expect(readFileSync(join(scripts, file), 'utf8')).not.toContain("from '@toolmesh/");
    expect(files).toEqual(expect.arrayContaining(['guest/javascript.snapshot', 'guest/python-wasm.js']));
  },
  PREPARE_MS,
);

test('scripts of workers are made once', async () => {
  const first = await prepareWorkerScripts(cache);
  const mark = join(first, 'mark');
  writeFileSync(mark, '');
  expect(await prepareWorkerScripts(cache)).toBe(first);
  expect(readFileSync(mark, 'utf8')).toBe('');
  rmSync(mark);
});

const describeJailed = PYTHON_LEVELS.includes('namespaces') ? describe : describe.skip;

describeJailed('a JavaScript worker in a jail', () => {
  const open = async (packages?: string) => {
    const found = await findJail({ cacheDirectory: cache, bwrap: '/usr/bin/bwrap', python: '/usr/bin/python3' });
    if ('reason' in found) throw new Error(found.reason);
    const runtime = createJavaScript({ ...found, scripts: await prepareWorkerScripts(cache) });
    return openStarted(runtime.worker(packages));
  };

  test('imports packages', async () => {
    const packages = join(cache, 'layer');
    mkdirSync(join(packages, 'node_modules/one'), { recursive: true });
    writeFileSync(join(packages, 'node_modules/one/package.json'), '{ "main": "./one.js" }');
    writeFileSync(join(packages, 'node_modules/one/one.js'), 'module.exports = 41;');
    const run = await open(packages);
    expect(await run('require("one") + 1')).toMatchObject({ kind: 'report', result: '42' });
  });

  test('runs TypeScript', async () => {
    const run = await open();
    const program = 'const a: number = 6; a * 7';
    expect(await run(program, { language: 'typescript' })).toMatchObject({ kind: 'report', result: '42' });
  });
});
