import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { portVariable, SERVICES } from '../../mesh/services.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const manifestOf = (folder: string) => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
/** Packing, installing 200 MB and a first start. */
const INSTALL_MS = 600_000;

describe('the package', () => {
  test('depends on all that the kit and its services declare', () => {
    const needed = ['shared', ...SERVICES.map(({ name }) => `services/${name}`)].flatMap((folder) =>
      Object.entries(manifestOf(folder).dependencies).filter(([name]) => !name.startsWith('@toolmesh/')),
    );
    expect(manifestOf('').dependencies).toEqual(Object.fromEntries(needed));
  });
});

/** Takes a minute, and only changes of packaging can break it: `npm run test:full` runs it. */
const describeFull = IS_FULL ? describe : describe.skip;

describeFull('the tarball of npm pack, installed into an empty folder (npm run test:full)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  const home = join(folder, 'home');
  const installed = join(folder, 'node_modules/toolmesh');
  const ports = new Map<string, number>();
  const url = (name: string) => `http://127.0.0.1:${ports.get(name)}`;
  let child: ChildProcess;
  let output = '';

  beforeAll(async () => {
    // Programs run as another user when root starts the sandbox, and that user has to reach the package.
    chmodSync(folder, 0o755);
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: ROOT });
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')));
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`];
    await run('npm', install, { cwd: folder });
    for (const { name } of SERVICES) ports.set(name, await freePort());
    const settings = [...ports].map(([name, port]) => [portVariable(name), String(port)]);
    child = spawn('npx', ['toolmesh', 'start'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        OLLAMA_HOST: `http://127.0.0.1:${await freePort()}`,
        ...Object.fromEntries(settings),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => (output += text.toString()));
    await until(() => output.includes('Toolmesh is ready.') || child.exitCode !== null);
    expect(output).toContain('Toolmesh is ready.');
  }, INSTALL_MS);
  afterAll(() => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  test('holds every file that its code starts or reads by a URL', () => {
    for (const path of globSync(join(installed, 'dist/**/*.js'))) {
      for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/new URL\('(\.[^']+)', import\.meta\.url\)/g)) {
        // Folders of data are made at run time, or are elsewhere in an installed package.
        if (target.includes('/data/sandbox') || target.includes('/data/middleware')) continue;
        expect({ path, target, isThere: existsSync(join(dirname(path), target)) }).toMatchObject({ isThere: true });
      }
    }
  });

  test('answers a chat that runs code and tells the time', async () => {
    const { body } = await post(`${url('middleware')}/chat`, {
      message: 'Execute: print("Hello") and tell me the time',
    });
    expect(body.response).toMatch(/Code output: Hello\nCurrent time in UTC: /);
  });

  test.each(['javascript', 'typescript'])('runs %s', async (language) => {
    const parameters = { language, code: 'const five = 5; five ** 2' };
    const { body } = await post(`${url('middleware')}/execute`, { name: 'execute_code', parameters });
    expect(body.structured_content).toMatchObject({ status: 'success', result: '25' });
  });

  test('serves the page, built', async () => {
    expect((await request(url('middleware'))).body).toMatch(/"\/assets\/[^"]+\.js"/);
  });

  test('keeps its data beside the user’s other data, and writes nothing into the folder', async () => {
    expect(existsSync(join(home, '.local/share/toolmesh/middleware'))).toBe(true);
    expect(existsSync(join(home, '.local/share/toolmesh/sandbox'))).toBe(true);
    expect(existsSync(join(folder, 'data'))).toBe(false);
    expect(existsSync(join(installed, 'data'))).toBe(false);
  });

  test('stops on SIGTERM', async () => {
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
    expect(output).toContain('toolmesh: stopping ...');
    await expect(request(`${url('middleware')}/health`)).rejects.toThrow('fetch failed');
  });
});
