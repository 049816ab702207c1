import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { findToolJail } from '../../src/jail/tool-jail.ts';
import { runProcess } from '../../src/packages/resolve/run-process.ts';
import { startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, temporaryDirectory } from './fixtures/setup.ts';

afterAll(cleanUp);

const found = await findToolJail('/usr/bin/bwrap');

const PROGRAM = `
import json, os, sys, urllib.request
def can(do):
    try:
        return do() or True
    except OSError:
        return False
print(json.dumps({
    "root": sorted(os.listdir("/")), "env": sorted(os.environ), "processes": os.listdir("/proc"), "pid": os.getpid(),
    "secret": can(lambda: open(sys.argv[1]).read()), "passwd": can(lambda: open("/etc/passwd").read()),
    "usr": can(lambda: open("/usr/written", "w").close()), "own": can(lambda: open("own", "w").close()),
    "network": urllib.request.urlopen(sys.argv[2]).status, "rights": os.getuid(),
}))
`;

test('shows a tool the network, its own directory and the system, and neither other processes nor files', async () => {
  if ('reason' in found) throw new Error(found.reason);
  const index = await startIndex();
  index.addWheels('zqnet', [{ version: '1.0' }]);
  const [own, other] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeFile(join(other, 'secret'), 'canary');
  const args = [join(other, 'secret'), `${index.pipIndexUrl}/zqnet/`];
  const command = found({
    command: ['/usr/bin/python3', '-I', '-S', '-c', PROGRAM, ...args],
    env: { LC_ALL: 'C.UTF-8' },
    readable: [],
    writable: own,
  });
  const { stdout, lastOutput } = await runProcess(command, { env: {}, cwd: own, timeoutMs: 30_000, signal });
  await index.stop();
  expect(lastOutput).toContain('{');
  const seen = JSON.parse(stdout);
  expect(seen).toMatchObject({ processes: [], secret: false, passwd: false, usr: false, own: true, network: 200 });
  expect(seen.rights).toBe(65_534);
  expect(seen.env.filter((name: string) => !/^(?:LC_ALL|PWD)$/.test(name))).toEqual([]);
  for (const name of ['home', 'root', 'work', 'var', 'opt']) expect(seen.root).not.toContain(name);
});

test('runs pip and npm in that jail', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'bin'));
  // Both fail with what they see, which becomes the reason.
  const fake = async (name: string, lead: string) => {
    const path = join(directory, 'bin', name);
    await writeFile(path, `#!/bin/sh\ncase "$*" in *--version*) exit 0;; esac\necho "${lead}" /* >&2\nexit 1\n`);
    await chmod(path, 0o755);
    return path;
  };
  const index = await startIndex();
  index.addWheels('zqsees', [{ version: '1.0' }]);
  const packages = await openPackages(index, { python: await fake('python3', 'ERROR: sees') });
  const { reason } = await packages.install({ name: 'zqsees', ecosystem: 'pypi' }, signal);
  expect(reason?.message).toMatch(/sees \/bin \/dev .*\/usr$/);
  expect(reason?.message).not.toMatch(/\/(?:home|root|var|work)\b/);
  await index.stop();
});

test('runs without a jail where none can be had, and says so once', async () => {
  const warnings: unknown[] = [];
  const logger = { info: () => {}, warn: (fields: unknown) => void warnings.push(fields) };
  const index = await startIndex();
  const packages = await openPackages(index, { bwrap: '/nonexistent/bwrap', logger });
  for (const name of ['zqplain1', 'zqplain2']) {
    await index.addNpm(name, '1.0.0');
    expect(await packages.install({ name, ecosystem: 'npm' }, signal)).toMatchObject({ status: 'installed' });
  }
  expect(warnings).toEqual([{ reason: expect.stringContaining('bwrap') }]);
  await index.stop();
});
