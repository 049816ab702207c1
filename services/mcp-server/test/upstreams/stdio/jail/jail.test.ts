import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';
import { request } from '@toolmesh/shared/test-kit/requests';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { call, startHub, startHubProcess } from '../../../mesh-of-tests.ts';
import { isAlive } from '../stdio-kit.ts';

jest.setTimeout(60_000);

const CANARY = 'canary-of-this-test';
const ROOT = fileURLToPath(new URL('../../../../../../', import.meta.url)).replace(/\/$/, '');
const SERVER = fileURLToPath(new URL('shell-server.ts', import.meta.url));
const PATH = `${dirname(process.execPath)}:/usr/bin:/bin`;

/** A user of this machine, with a key, a project and a running mesh of which each part holds the canary. */
function machine() {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  const files = ['.ssh/id_rsa', '.aws/credentials', 'project/a.txt', 'data/middleware/chats', '.config/app/key'];
  for (const file of files) {
    mkdirSync(join(home, file, '..'), { recursive: true });
    writeFileSync(join(home, file), CANARY);
  }
  const project = join(home, 'project');
  return { home, project, env: { HOME: home, MESH_CACHE_DIR: join(home, 'data/mcp-server'), HINT: CANARY, PATH } };
}

const shellServer = (args: readonly string[] = [], more: object = {}) => ({
  command: process.execPath,
  args: [SERVER, ...args],
  workers: { min: 1, max: 1 },
  ...more,
});

const isUp = (hub: TestedService) => async () =>
  (await request(`${hub.url}/stats`)).body.upstreams.shell.status === 'up';

async function startShell(args: readonly string[], more: object = {}, from = machine()) {
  const hub = await startHub({ shell: shellServer(args, more) }, from.env);
  await until(isUp(hub));
  const run = async (command: string): Promise<string> =>
    (await call(hub, 'shell', { command })).body.content[0].text.trim();
  return { hub, run, ...from };
}

const statsOf = async (hub: TestedService) => (await request(`${hub.url}/stats`)).body.upstreams.shell;
const lastErrorOf = async (hub: TestedService): Promise<string> => (await statsOf(hub)).last_error ?? '';

/** Finds the canary, and not the command that searches for it. */
const NEEDLE = CANARY.replace('c', '[c]');
/** Searches all processes, and all files but those of the system. */
const SEARCH = `
for p in /proc/[0-9]*; do
  cat $p/environ $p/cmdline $p/task/*/environ $p/cwd/.env $p/root/proc/1/environ 2>/dev/null </dev/null | tr '\\0' '\\n' | grep -a '${NEEDLE}'
done
grep -rIls '${NEEDLE}' / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr --exclude-dir=node_modules --exclude-dir=test
true`;

const withJail = canJail() ? describe : describe.skip;

withJail('a command of mesh.json in its jail', () => {
  const victim = { pid: 0, end: () => {} };
  beforeAll(() => {
    const child = spawn('/bin/sleep', ['600'], { env: { TOKEN: CANARY }, stdio: 'ignore' });
    victim.pid = child.pid ?? 0;
    victim.end = () => void child.kill();
  });
  afterAll(() => victim.end());

  test('finds no secret of other processes, of the user and of the mesh, which without a jail it does', async () => {
    const { run, hub, home, project } = await startShell([]);
    expect(await statsOf(hub)).toMatchObject({ sandbox: 'jail' });
    expect(await run(SEARCH)).toBe('');
    expect(await run('ls /proc | grep -c "^[0-9]"')).toMatch(/^[2-8]$/);
    const absent = [project, `${ROOT}/data`, `${ROOT}/mesh.json`, `${ROOT}/.env`].join(' ');
    expect(await run(`ls -A ${home}; ls -d ${absent} 2>&1 | grep -c "No such file"`)).toBe('4');
    expect(await run('grep CapEff /proc/self/status; touch /usr/x /etc/x 2>&1')).toMatch(
      /CapEff:\s+0{16}[^]*Read-only[^]*Read-only/,
    );

    const open = await startShell([], { sandbox: { enabled: false } });
    expect(await statsOf(open.hub)).toMatchObject({
      sandbox: 'none',
      sandbox_reason: 'mesh.json says "enabled": false',
    });
    const seen = await open.run(`tr '\\0' '\\n' </proc/${victim.pid}/environ; cat ${open.home}/.ssh/id_rsa`);
    expect(seen.split('\n')).toEqual(expect.arrayContaining([`TOKEN=${CANARY}`, CANARY]));
  });

  test('sees what its arguments name, and keeps its home and nothing else between starts', async () => {
    const from = machine();
    symlinkSync(from.project, join(from.home, 'link'));
    const first = await startShell([`--folder=${from.project}`, '~/link', '--', 'bare'], {}, from);
    expect(await first.run('cat ~/project/a.txt; ls ~/link; echo new > ~/project/b.txt')).toBe(`${CANARY}a.txt`);
    expect(readFileSync(join(from.project, 'b.txt'), 'utf8')).toBe('new\n');
    expect(await first.run('cd; pwd; echo kept > .cache-of-mine; echo lost > /tmp/x')).toBe(from.home);
    await first.hub.stop();
    const second = await startShell([], {}, from);
    expect(await second.run('cat ~/.cache-of-mine; ls /tmp/x ~/project/a.txt 2>&1 | grep -c "No such"')).toBe(
      'kept\n2',
    );
    expect(existsSync(join(from.home, '.cache-of-mine'))).toBe(false);
    // A link that it leaves where a folder is to be shown leads nowhere.
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    await second.run(`rmdir ~/project; ln -s /oldroot${outside} ~/project`);
    await second.hub.stop();
    writeFileSync(join(from.home, 'project/deep'), CANARY);
    const third = await startShell(['~/project/deep'], {}, from);
    expect(await third.run('cat ~/project/deep')).toBe(CANARY);
    expect(readdirSync(outside)).toEqual([]);
  });

  test('sees the certificates that its variables name, read-only', async () => {
    const from = machine();
    const authority = join(from.home, 'project/a.txt');
    const env = { ...from.env, NODE_EXTRA_CA_CERTS: authority, SSL_CERT_DIR: `/no/such:${from.home}/.config/app` };
    const { run } = await startShell([], { env: { CURL_CA_BUNDLE: authority } }, { ...from, env });
    expect(await run('cat $NODE_EXTRA_CA_CERTS; ls ${SSL_CERT_DIR#*:}; echo x >> $CURL_CA_BUNDLE')).toMatch(
      new RegExp(`^${CANARY}key\n[^]*Read-only`),
    );
  });

  test('is tightened and opened by "sandbox": read-only, further folders, no network', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer((_req, res) => res.end('reached')).listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.unref();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const reach = `(exec 3<>/dev/tcp/127.0.0.1/${port} && echo reached) 2>&1`;
    const from = machine();
    const tight = await startShell([from.project], { sandbox: { read_only: true, network: false } }, from);
    expect(await tight.run(`echo x > ~/project/a.txt; echo y > ~/mine && cat ~/mine; bash -c '${reach}'`)).toMatch(
      /^y\n[^]*refused[^]*Read-only/,
    );
    const folders = ['~/project:ro', '~/.config/app'];
    const opened = await startShell([], { sandbox: { folders } }, from);
    expect(await opened.run(`cat ~/project/a.txt; echo z > ~/.config/app/z; echo x > ~/project/a.txt`)).toMatch(
      new RegExp(`^${CANARY}[^]*Read-only`),
    );
    expect(existsSync(join(from.home, '.config/app/z'))).toBe(true);
    expect(await opened.run(`bash -c '${reach}'`)).toBe('reached');
  });

  test('is not started if it names the machine, the user, the mesh or nothing, and says so', async () => {
    const from = machine();
    const entries: Record<string, readonly [object, string]> = {
      machine: [{ args: ['/'] }, '/: it is the whole machine; name a folder in it'],
      user: [{ args: ['~'] }, 'it holds everything of the user'],
      above: [{ args: [`--root=${join(from.home, '..')}`] }, 'it holds everything of the user'],
      link: [{ args: [linkTo(from.home)] }, 'it holds everything of the user'],
      mesh: [{ args: ['.'] }, 'it holds the data or the settings of the mesh itself'],
      data: [{ args: [join(from.home, 'data/middleware')] }, 'it belongs to the mesh itself'],
      chats: [{ args: [join(from.home, 'project')] }, 'it holds the data or the settings of the mesh itself'],
      program: [{ command: programIn(join(from.home, 'data/middleware')) }, 'it belongs to the mesh itself'],
      kernel: [{ cwd: '/proc/1' }, 'it belongs to the kernel'],
      nothing: [{ sandbox: { folders: ['/no/such'] } }, 'there is nothing at this path; correct the path'],
    };
    const mesh = Object.entries(entries).map(([name, [entry]]) => [name, { command: 'cat', ...entry }]);
    const env = { ...from.env, MESH_PRIVATE_FOLDERS: join(from.home, 'project/chats') };
    const hub = await startHub(Object.fromEntries(mesh), env);
    const { upstreams } = (await request(`${hub.url}/stats`)).body;
    for (const [name, [, message]] of Object.entries(entries)) {
      expect(upstreams[name].last_error).toContain('its sandbox cannot show ');
      expect(upstreams[name].last_error).toContain(message);
    }
  });

  test('is asked to stop, and takes with it what has left its group, also when the hub is killed', async () => {
    const from = machine();
    const asked = await startShell(['--stays'], {}, from);
    const marked = `setsid sleep 7${process.pid} >/dev/null 2>&1 & sleep 0.2; echo started`;
    expect(await asked.run(marked)).toBe('started');
    const sleepers = () => pidsOf(`sleep\u00007${process.pid}`);
    expect(sleepers().length).toBe(1);
    await asked.hub.stop();
    expect(asked.hub.log.some(({ line }) => line === 'asked to stop')).toBe(true);
    await until(() => sleepers().length === 0);

    const hub = await startHubProcess({ shell: shellServer() }, { ...from.env });
    await until(isUp(hub));
    await call(hub, 'shell', { command: marked });
    expect(sleepers().length).toBe(1);
    hub.kill('SIGKILL');
    await until(() => sleepers().length === 0);
  });
});

/** Returns a program of a folder that is made if it is not there. */
function programIn(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'server');
  copyFileSync('/bin/cat', path);
  return path;
}

const linkTo = (path: string): string => {
  const link = join(mkdtempSync(join(tmpdir(), 'link-')), 'link');
  symlinkSync(path, link);
  return link;
};

function pidsOf(command: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && commandOf(pid).startsWith(command));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

describe('a command of mesh.json where no jail can be had', () => {
  const broken = mkdtempSync(join(tmpdir(), 'no-jail-'));
  writeFileSync(
    join(broken, 'bwrap'),
    '#!/bin/sh\necho "bwrap: Creating new namespace failed: Operation not permitted" >&2\nexit 1\n',
  );
  chmodSync(join(broken, 'bwrap'), 0o755);
  const env = { PATH: `${broken}:${PATH}` };

  test('runs as it is, and log and statistics say why and what to do', async () => {
    const from = machine();
    const { hub, run } = await startShell([], {}, { ...from, env: { ...from.env, ...env } });
    expect(await run('cat ~/.ssh/id_rsa')).toBe(CANARY);
    expect(await statsOf(hub)).toMatchObject({
      sandbox: 'none',
      sandbox_reason: expect.stringMatching(/does not allow us to make namespaces.*seccomp/),
    });
    expect(hub.log).toContainEqual(
      expect.objectContaining({ level: 'warn', upstream: 'shell', message: 'a command of mesh.json has no sandbox' }),
    );
  });

  test('is not started if its entry demands one', async () => {
    const hub = await startHub({ shell: shellServer([], { sandbox: { enabled: true } }) }, env);
    expect(await lastErrorOf(hub)).toMatch(/its sandbox is demanded and cannot be had: this system does not allow us/);
  });

  test('is left to the engine that runs it in a container', async () => {
    const hub = await startHub({ shell: { command: 'docker', args: ['run', 'no-such-image'] } });
    await until(async () => (await statsOf(hub)).sandbox !== undefined);
    expect(await statsOf(hub)).toMatchObject({ sandbox: 'none', sandbox_reason: 'docker runs it in a container' });
  });
});

test('refuses keys of "sandbox" that it does not know, by name', async () => {
  const hub = await startHub({ shell: shellServer([], { sandbox: { readonly: true } }) });
  expect(await lastErrorOf(hub)).toMatch(/readonly/);
});
