import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openCgroups } from '../src/jail/cgroup.ts';
import { findCgroup, SERVICE_GROUP } from '../src/jail/find-cgroup.ts';

const MIB = 1_024 ** 2;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(name = 'cgroup-'): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  folders.push(folder);
  return folder;
}

/** Makes a folder with the files that the kernel makes in a new group. */
function makeGroup(path: string): void {
  mkdirSync(path, { recursive: true });
  const files = {
    'cgroup.controllers': 'cpu memory pids',
    'cgroup.subtree_control': '',
    'cgroup.procs': '',
    'cgroup.events': 'populated 0\nfrozen 0\n',
    'cgroup.kill': '',
    'cpu.weight': '100',
    'memory.current': `${10 * MIB}`,
    'memory.peak': `${12 * MIB}`,
    'memory.max': 'max',
    'memory.swap.max': 'max',
    'memory.oom.group': '0',
    'memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n',
    'pids.max': 'max',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
}

/** A process as /proc shows it, in the group `path` of a file system that is mounted at `mount`. */
function makeProcess(path: string, mount: string, mountedPart = '/'): string {
  const self = temporaryFolder('self-');
  writeFileSync(join(self, 'cgroup'), `9:name=systemd:/\n0::${path}\n`);
  const place = mount.replaceAll(' ', String.raw`\040`);
  writeFileSync(
    join(self, 'mountinfo'),
    `22 1 0:20 / /proc rw - proc proc rw\n41 31 0:38 ${mountedPart} ${place} rw,relatime shared:9 - cgroup2 cgroup2 rw\n`,
  );
  return self;
}

const search = (self: string) => findCgroup({ self, python: '/usr/bin/python3' });

describe('a search for a control group', () => {
  test.each([
    ['of a container, which sees its own as the first', '/', '/', ''],
    ['below the first', '/app/toolmesh', '/', 'app/toolmesh'],
    ['of which a part is mounted', '/docker/abc/app', '/docker/abc', 'app'],
    ['in which the service moved to a group of its own earlier', `/app/${SERVICE_GROUP}`, '/', 'app'],
  ])('finds the one %s', async (_what, path, mountedPart, found) => {
    const mount = temporaryFolder('a mount ');
    makeGroup(join(mount, found));
    expect(await search(makeProcess(path, mount, mountedPart))).toEqual({ folder: join(mount, found) });
  });

  test.each([
    ['groups of version 1 alone', '', 'no control groups of version 2'],
    ['controllers that stay with version 1', '/', 'no control groups of version 2', ''],
    ['a controller that is not passed on', '/', 'no control of memory and pids', 'cpu pids'],
    ['a group outside of what is mounted', '/../other', 'no control groups of version 2'],
    ['a scope that systemd divides', '/user.slice/session-1.scope', 'systemd divides'],
  ])('says why there is none with %s', async (_what, path, reason, controllers = 'cpu memory pids') => {
    const mount = temporaryFolder();
    makeGroup(join(mount, path));
    writeFileSync(join(mount, path, 'cgroup.controllers'), controllers);
    const self = makeProcess(path, mount);
    if (path === '') writeFileSync(join(self, 'cgroup'), '4:memory:/\n');
    expect(await search(self)).toEqual({ reason: expect.stringContaining(reason) });
    rmSync(join(mount, path), { recursive: true, force: true });
  });

  test('never throws here', async () => {
    expect(Object.keys(await search('/proc/self'))).toHaveLength(1);
    expect(await search('/nowhere')).toHaveProperty('reason');
  });
});

describe('control groups of workers', () => {
  const open = async () => {
    const folder = temporaryFolder();
    makeGroup(folder);
    const made: string[] = [];
    const makeFolder = (path: string) => {
      made.push(path);
      makeGroup(path);
    };
    const cgroups = await openCgroups({ folder, makeFolder });
    const create = () => {
      const group = cgroups.create();
      const path = made.at(-1) ?? '';
      return { group, path, read: (name: string) => readFileSync(join(path, name), 'utf8') };
    };
    return { folder, made, create };
  };

  test('are made in a group that has passed its controllers on and has no process', async () => {
    const { folder, made } = await open();
    expect(readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu');
    expect(basename(made[0] ?? '')).toBe(SERVICE_GROUP);
    expect(readFileSync(join(folder, SERVICE_GROUP, 'cpu.weight'), 'utf8')).toBe('1000');
  });

  test('bound processes and swap, and memory above what is there when a run begins', async () => {
    const { create } = await open();
    const { group, read } = create();
    expect([read('pids.max'), read('memory.swap.max'), read('memory.oom.group')]).toEqual(['256', '0', '1']);
    expect(read('memory.max')).toBe('max');
    group.begin(64 * MIB);
    expect(read('memory.max')).toBe(`${74 * MIB}`);
    group.add(4_711);
    expect(read('cgroup.procs')).toBe('4711');
  });

  test('tell of a run that the kernel ended, and of the most that it had', async () => {
    const { create } = await open();
    const { group, path } = create();
    writeFileSync(join(path, 'memory.events'), 'oom 1\noom_kill 1\n');
    const run = group.begin(64 * MIB);
    expect([run.isOutOfMemory(), run.peakBytes()]).toEqual([false, 0]);
    writeFileSync(join(path, 'memory.events'), 'oom 2\noom_kill 3\n');
    writeFileSync(join(path, 'memory.peak'), `${50 * MIB}`);
    expect([run.isOutOfMemory(), run.peakBytes()]).toEqual([true, 40 * MIB]);
    // Also of one that is gone by now.
    const removed = group.remove();
    rmSync(path, { recursive: true });
    await removed;
    expect([run.isOutOfMemory(), run.peakBytes()]).toEqual([true, 40 * MIB]);
  });

  test('tell of no peak on a kernel that counts none', async () => {
    const { create } = await open();
    const { group, path } = create();
    rmSync(join(path, 'memory.peak'));
    expect(group.begin(MIB).peakBytes()).toBe(0);
  });

  test('that are left of a service that is gone are removed, and those of another that runs are not', async () => {
    const folder = temporaryFolder();
    makeGroup(folder);
    // A folder with nothing in it is what the kernel removes at once.
    const [gone, others, own] = [2 ** 22 + 1, process.ppid, process.pid].map((pid) => `toolmesh-run-${pid}-1`);
    for (const name of [gone, others, own]) mkdirSync(join(folder, name ?? ''));
    await openCgroups({ folder, makeFolder: makeGroup });
    const left = readdirSync(folder).filter((name) => name.startsWith('toolmesh-run-'));
    expect(left).toContain(others);
    expect(left).not.toContain(gone);
    expect(existsSync(join(folder, own ?? '', 'cgroup.procs'))).toBe(true);
  });

  test('are not to be had where processes cannot be moved, or a controller not be passed on', async () => {
    const folder = temporaryFolder();
    makeGroup(folder);
    writeFileSync(join(folder, 'cgroup.procs'), '0\n');
    await expect(openCgroups({ folder, makeFolder: makeGroup })).rejects.toThrow('processes stay');
    writeFileSync(join(folder, 'cgroup.procs'), '');
    rmSync(join(folder, 'cgroup.subtree_control'));
    mkdirSync(join(folder, 'cgroup.subtree_control'));
    await expect(openCgroups({ folder, makeFolder: makeGroup })).rejects.toThrow('EISDIR');
  });
});
