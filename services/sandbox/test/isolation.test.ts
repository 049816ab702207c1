import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { StartFailure, type User } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { nodeWorker } from '../src/runtimes/node-worker.ts';
import { findUnprivileged } from '../src/runtimes/unprivileged.ts';
import { prepareWorkerScripts } from '../src/runtimes/worker-scripts.ts';
import { descendantsOf } from './hostile/processes.ts';
import { startIndex } from './packages/fixtures/index-server.ts';
import { cacheFor, MAIN, PYTHON_LEVELS, type Sandbox, startSandbox, USERS } from './sandbox.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(240_000);

const NO_JAIL = { SANDBOX_BWRAP: '/nonexistent/bwrap' };
const isRoot = process.getuid?.() === 0;
const canJail = PYTHON_LEVELS.includes('namespaces');
// Written by the last of them, and by root.
const folder = cacheFor(USERS.at(-1)?.[1] ?? {});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Folders for a user: what is made once is shared; a service keeps files where its user can write. */
const foldersOf = (user: User) => ({
  SANDBOX_CACHE_DIR: folder,
  SANDBOX_DATA_DIR: join(folder, `data-${user.uid ?? 'own'}`),
});

const wheels = await startIndex();
wheels.addWheels('zqunjailed', [{ version: '1.0' }]);
afterAll(() => wheels.stop());

const LANGUAGES = ['python', 'javascript', 'typescript'] as const;
const ENDLESS = { python: 'while True: pass', javascript: 'for (;;);', typescript: 'for (;;);' };

/** Returns the processes of a service that have no children: those that programs run in. */
const leavesOf = (pid: number): readonly number[] =>
  descendantsOf(pid).filter((candidate) => descendantsOf(candidate).length === 0);

/** The ids of a process; none of one that has ended. */
const idsOf = (pid: number): readonly number[] => {
  const path = `/proc/${pid}/status`;
  const status = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return [...status.matchAll(/^(?:Uid|Gid|Groups):\t(.*)$/gm)].flatMap(([, ids = '']) =>
    ids.split(/\s+/).filter(Boolean).map(Number),
  );
};

/** Waits until workers that are being started are somebody else's, too; returns all processes that have no children. */
async function untilNoneIsRoot({ pid }: Sandbox): Promise<readonly number[]> {
  const roots = () => leavesOf(pid).filter((leaf) => idsOf(leaf).includes(0));
  await until(() => roots().length === 0);
  const leaves = leavesOf(pid);
  expect(leaves.length).toBeGreaterThanOrEqual(LANGUAGES.length);
  return leaves;
}

/** Starts a program that never ends in each language, looks, and ends them. */
async function whileBusy(sandbox: Sandbox, look: () => Promise<void>): Promise<void> {
  const gone = new AbortController();
  const calls = LANGUAGES.map((language) =>
    sandbox.execute({ language, code: ENDLESS[language] }, { signal: gone.signal }).catch(() => 'gone'),
  );
  const busy = async () => {
    const { body } = await request(`${sandbox.url}/metrics`);
    return [...body.matchAll(/^sandbox_workers\{[^}]*state="busy"\} (\d+)/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  };
  await until(async () => (await busy()) === LANGUAGES.length);
  await look();
  gone.abort();
  await Promise.all(calls);
}

describe.each(USERS)('without a jail, run by %s:', (_name, user) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const index = { PIP_INDEX_URL: wheels.pipIndexUrl };
    sandbox = await startSandbox({ ...NO_JAIL, ...index, ...foldersOf(user), MIN_WORKERS: '1' }, user);
    await until(async () => (await request(`${sandbox.url}/ready`)).status === 200);
  });
  afterAll(() => sandbox?.stop());

  test('programs give the same results, which say that there was no jail', async () => {
    expect(await sandbox.run({ code: 'import math\nmath.comb(5, 2)' })).toMatchObject({
      result: '10',
      runtime: { isolation: 'wasm', jailed: false },
    });
    for (const language of ['javascript', 'typescript']) {
      expect(await sandbox.run({ language, code: '[6].map((x) => x * 7)' })).toMatchObject({
        result: '[ 42 ]',
        runtime: { isolation: 'isolate', jailed: false },
      });
    }
  });

  test('programs import the packages that they name', async () => {
    const program = { code: 'import zqunjailed\nzqunjailed.__version__', packages: ['zqunjailed'] };
    expect(await sandbox.run(program)).toMatchObject({ result: "'1.0'", runtime: { jailed: false } });
  });

  test('/health, /ready, the metrics and the log say so, with the cure', async () => {
    expect((await request(`${sandbox.url}/health`)).body).toMatchObject({
      isolation: { python: 'wasm', javascript: 'isolate', typescript: 'isolate' },
      jailed: { python: false, javascript: false, typescript: false },
    });
    const degraded = {
      status: 'degraded',
      detail: expect.stringMatching(/without a jail.*apt-get install bubblewrap/),
    };
    expect(await request(`${sandbox.url}/ready`)).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { python: degraded, javascript: degraded, typescript: degraded } },
    });
    const { body: metrics } = await request(`${sandbox.url}/metrics`);
    for (const language of LANGUAGES) expect(metrics).toContain(`sandbox_jailed{language="${language}"} 0\n`);
    expect(sandbox.log).toContainEqual(expect.objectContaining({ level: 'warn', message: 'there is no jail' }));
  });

  test('no process of a program is root or has our network', async () => {
    const ours = readlinkSync('/proc/self/ns/net');
    await whileBusy(sandbox, async () => {
      const leaves = await untilNoneIsRoot(sandbox);
      // Where a jail can be had, so can a network namespace.
      const networks = leaves.map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
      expect(networks.includes(ours)).toBe(!canJail);
    });
  });
});

test('without a jail, Node itself refuses what a worker does not need', async () => {
  const way = await findUnprivileged();
  if ('reason' in way) throw new Error(way.reason);
  const host = { unjailed: 'for a test', scripts: await prepareWorkerScripts(folder), wrap: way.wrap };
  const script = new URL('../src/runtimes/javascript/worker.ts', import.meta.url);
  const { file, args } = nodeWorker({ script, imports: ['isolated-vm'], reads: [] }, host);
  const attempts = {
    read: 'readFileSync("/etc/passwd")',
    list: 'readdirSync("/proc/1")',
    project: `readFileSync(${JSON.stringify(fileURLToPath(import.meta.url))})`,
    write: 'writeFileSync("/tmp/toolmesh-escaped", "")',
    start: 'process.getBuiltinModule("child_process").execFileSync("/usr/bin/true")',
    thread: 'new (process.getBuiltinModule("worker_threads").Worker)("1", { eval: true })',
  };
  const code = `const { readFileSync, readdirSync, writeFileSync } = process.getBuiltinModule("fs");
    const outcome = (run) => { try { run(); return "done"; } catch ({ code }) { return code; } };
    console.log(JSON.stringify({ ${Object.entries(attempts)
      .map(([name, text]) => `${name}: outcome(() => ${text})`)
      .join()} }));`;
  const inWorker = [...args.slice(0, -1), '-e', code];
  const { stdout, stderr } = spawnSync(file, inWorker, { env: {}, cwd: '/', encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(
    Object.fromEntries(Object.keys(attempts).map((name) => [name, 'ERR_ACCESS_DENIED'])),
  );
});

const describeAsRoot = isRoot ? describe : describe.skip;

describeAsRoot('root', () => {
  test('that cannot become another user runs nothing', async () => {
    const caps = '-setuid,-setgid,-sys_admin';
    const env = { ...NO_JAIL, PORT: '0', SANDBOX_CACHE_DIR: folder };
    const child = spawn('/usr/bin/setpriv', ['--bounding-set', caps, process.execPath, fileURLToPath(MAIN)], { env });
    let words = '';
    child.stderr.on('data', (text: Buffer) => (words += text.toString()));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(78);
    expect(words).toMatch(/no program runs as root.*Run the sandbox as an ordinary user/s);
  });
});

const describeJailed = canJail ? describe : describe.skip;

describeJailed('in a jail', () => {
  /** Bubblewrap, until `broken` returns true for its arguments. */
  function breakableBwrap(name: string, condition: string): string {
    const path = join(folder, name);
    const script = `#!/bin/sh\nif ${condition}; then echo "bwrap: broken for a test" >&2; exit 1; fi\nexec /usr/bin/bwrap "$@"\n`;
    writeFileSync(path, script, { mode: 0o755 });
    return path;
  }

  test.each(USERS)('no program is root of the host, run by %s', async (_name, user) => {
    const sandbox = await startSandbox({ SANDBOX_ISOLATION: 'namespaces', ...foldersOf(user) }, user);
    await whileBusy(sandbox, async () => void (await untilNoneIsRoot(sandbox)));
    for (const language of LANGUAGES) {
      expect((await sandbox.run({ language, code: '1' })).runtime).toMatchObject({ language, jailed: true });
    }
    await sandbox.stop();
  });

  test('SANDBOX_ISOLATION=namespaces demands it of every language', async () => {
    const bwrap = breakableBwrap('no-node', 'echo "$*" | grep -qE "/opt/(sandbox/)?node"');
    const env = { SANDBOX_ISOLATION: 'namespaces', SANDBOX_BWRAP: bwrap };
    const failure = await startSandbox(env).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect(failure).toMatchObject({
      code: 78,
      message: expect.stringMatching(
        /namespaces cannot be had for JavaScript and TypeScript: .*SANDBOX_ISOLATION=auto/,
      ),
    });
  });

  test('a jail that breaks while the service runs is never done without', async () => {
    const broken = join(folder, 'broken');
    const bwrap = breakableBwrap('until-broken', `[ -e ${broken} ]`);
    const sandbox = await startSandbox({ SANDBOX_BWRAP: bwrap, SANDBOX_ISOLATION: 'wasm', MIN_WORKERS: '1' });
    await until(async () => (await request(`${sandbox.url}/ready`)).status === 200);
    writeFileSync(broken, '');
    for (const language of ['python', 'javascript']) {
      const answers = [];
      for (let i = 0; i < 3; i += 1) answers.push(await sandbox.execute({ language, code: '1' }));
      expect(answers.filter(({ status, body }) => status === 200 && body.runtime.jailed === false)).toEqual([]);
      expect(answers.at(-1)).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    }
    expect((await request(`${sandbox.url}/ready`)).status).toBe(503);
    const withoutJail = descendantsOf(sandbox.pid).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--permission'),
    );
    expect(withoutJail).toEqual([]);
    await sandbox.stop();
  });
});
