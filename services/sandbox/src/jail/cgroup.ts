import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SERVICE_GROUP } from './find-cgroup.ts';

/**
 * The control group of one worker. Its processes and all that the kernel holds for them count together: memory, files
 * in memory, page tables, names, buffers.
 */
export interface Cgroup {
  /** File to which a process writes 0 to become a member. */
  readonly members: string;
  /** Makes a process a member, and with it all that it starts from then on. */
  add(pid: number): void;
  /** Begins a run, in which its processes may have so much memory above what they have now. */
  begin(bytes: number): CgroupRun;
  /** Ends all its processes and removes it; never rejects. */
  remove(): Promise<void>;
}

/** The figures of a control group about one run. */
export interface CgroupRun {
  /** Returns true when the kernel has ended its processes for lack of memory. */
  isOutOfMemory(): boolean;
  /** The most memory above that at the beginning; 0 where it was more before, or the kernel does not tell. */
  peakBytes(): number;
}

/** Makes control groups for workers. */
export interface Cgroups {
  create(): Cgroup;
}

export interface CgroupsOptions {
  /** The control group that is ours to divide: see `findCgroup`. */
  readonly folder: string;
  /** Makes the folder of a group, in which the kernel puts its files. */
  readonly makeFolder?: (path: string) => void;
}

const RUN_GROUP = /^toolmesh-run-(\d+)-\d+$/;
/** Processes and threads of a worker, ours included: a jail's own limit of 144 comes first. */
const PROCESSES = 256;
/** The service comes before the programs that it watches; they have 100 each. */
const SERVICE_WEIGHT = '1000';

/**
 * Divides a control group: moves the processes in it to one for the service, and makes one for each worker. A group of
 * each kind has been tried. Groups that an earlier service has left behind are removed.
 * @throws Error when the kernel refuses
 */
export async function openCgroups({ folder, makeFolder = mkdirSync }: CgroupsOptions): Promise<Cgroups> {
  removeLeftovers(folder);
  makeRoom(folder, makeFolder);
  let made = 0;
  const cgroups: Cgroups = {
    create: () => {
      made += 1;
      const path = join(folder, `toolmesh-run-${process.pid}-${made}`);
      makeFolder(path);
      writeFileSync(join(path, 'memory.oom.group'), '1');
      writeFileSync(join(path, 'pids.max'), `${PROCESSES}`);
      // A machine without swap has no such file.
      writeIfThere(join(path, 'memory.swap.max'), '0');
      return openCgroup(path);
    },
  };
  await tryOut(cgroups.create());
  return cgroups;
}

/** A group with groups in it has no processes of its own, unless it is the first of all, which has no such file. */
function makeRoom(folder: string, makeFolder: (path: string) => void): void {
  if (existsSync(join(folder, 'cgroup.events'))) {
    const service = join(folder, SERVICE_GROUP);
    if (!existsSync(service)) makeFolder(service);
    moveAll(join(folder, 'cgroup.procs'), join(service, 'cgroup.procs'));
  }
  const control = join(folder, 'cgroup.subtree_control');
  writeFileSync(control, '+memory +pids');
  tryTo(() => {
    writeFileSync(control, '+cpu');
    writeIfThere(join(folder, SERVICE_GROUP, 'cpu.weight'), SERVICE_WEIGHT);
  });
}

/** Processes may begin while others are moved. */
const MOVING_ROUNDS = 10;

function moveAll(from: string, to: string): void {
  for (let round = 0; round < MOVING_ROUNDS; round += 1) {
    const pids = numbersIn(from);
    if (pids.length === 0) return;
    for (const pid of pids) tryTo(() => writeFileSync(to, pid));
  }
  throw new Error(`processes stay in ${from}`);
}

const numbersIn = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);

function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(RUN_GROUP.exec(name)?.[1] ?? 0);
    if (pid === 0 || (pid !== process.pid && isAlive(pid))) continue;
    end(join(folder, name));
    tryTo(() => rmdirSync(join(folder, name)));
  }
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Ends all processes of a group (Linux 5.14). */
const end = (path: string): boolean => writeIfThere(join(path, 'cgroup.kill'), '1');

const TRY_TIMEOUT_MS = 5_000;
const TRY_BYTES = 16 * 1_024 ** 2;
const TRY = 'echo 0 > "$1" && exec cat "$2"';

/** Runs a small program in a group of the kind that workers get. */
async function tryOut(group: Cgroup): Promise<void> {
  try {
    const run = group.begin(TRY_BYTES);
    const options = { timeout: TRY_TIMEOUT_MS, env: {}, cwd: '/' };
    await promisify(execFile)('/bin/sh', ['-c', TRY, 'sh', group.members, '/dev/null'], options);
    if (run.isOutOfMemory()) throw new Error('a control group of 16 MiB has no room for a program');
  } finally {
    void group.remove();
  }
}

const REMOVE_ROUNDS = 40;
const REMOVE_PAUSE_MS = 50;

function openCgroup(path: string): Cgroup {
  const file = (name: string) => join(path, name);
  const bytesIn = (name: string) => Number(readFileSync(file(name), 'utf8'));
  const readFigures = () => ({
    kills: Number(/^oom_kill (\d+)$/m.exec(readFileSync(file('memory.events'), 'utf8'))?.[1] ?? 0),
    // Older kernels have no such file (Linux 5.19).
    highest: existsSync(file('memory.peak')) ? bytesIn('memory.peak') : undefined,
  });
  /** Those of a group that is gone. */
  let last: ReturnType<typeof readFigures> | undefined;
  const figures = () => last ?? readFigures();
  return {
    members: file('cgroup.procs'),
    add: (pid) => writeFileSync(file('cgroup.procs'), `${pid}`),
    begin: (bytes) => {
      const [current, before] = [bytesIn('memory.current'), figures()];
      writeFileSync(file('memory.max'), `${current + bytes}`);
      return {
        isOutOfMemory: () => figures().kills > before.kills,
        peakBytes: () => {
          const { highest } = figures();
          const isHigher = highest !== undefined && before.highest !== undefined && highest > before.highest;
          return isHigher ? Math.max(0, highest - current) : 0;
        },
      };
    },
    remove: async () => {
      tryTo(() => {
        last = readFigures();
      });
      end(path);
      for (let round = 0; round < REMOVE_ROUNDS; round += 1) {
        // A process may take a moment to end, and its group is busy until then.
        if (tryTo(() => rmdirSync(path)) || !existsSync(path)) return;
        await sleep(REMOVE_PAUSE_MS, undefined, { ref: false });
      }
    },
  };
}

/** Returns false where there is no such file, or it cannot be written to. */
const writeIfThere = (file: string, text: string): boolean =>
  existsSync(file) && tryTo(() => writeFileSync(file, text));

/** Returns false when `action` throws. */
function tryTo(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
