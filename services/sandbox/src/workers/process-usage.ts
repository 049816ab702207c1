import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';

/** Memory and time that a worker's processes have used, as the kernel counts it (proc(5)). */
export interface ProcessUsage {
  /**
   * Resident memory of all of them now, with their page tables, and what the kernel may hold for their sockets, their
   * descriptors and their mappings, in bytes; what they share counts for each.
   */
  rssBytes(): number;
  /** As {@link rssBytes}, with shared memory shared out; slower. */
  proportionalBytes(): number;
  /** Resident memory of the largest of them. */
  largestBytes(): number;
  /** User and system time of all their threads, in milliseconds, to the clock tick of 10 ms. */
  cpuMs(): number;
  /**
   * Begins to watch for processors that are not free: the function that it returns tells for how many milliseconds the
   * thread that has waited longest could have run and did not, since then.
   */
  watchWaiting(): () => number;
}

const SOCKET_BYTES = 212_992;
const FREE_SOCKETS = 32;

const TICK_MS = 10;
/** Maximum age of the list of a worker's processes. */
const LIST_MS = 50;

/**
 * Watches the process `root` and all that it has started, from outside, whatever they do. Reads /proc: cheap enough to
 * be asked every few milliseconds. A process that is gone has used nothing more.
 */
export function openProcessUsage(root: number): ProcessUsage {
  let processes: readonly number[] = [root];
  let listedAt = Number.NEGATIVE_INFINITY;
  const list = (): readonly number[] => {
    if (performance.now() - listedAt > LIST_MS) {
      processes = descendantsOf(root);
      listedAt = performance.now();
    }
    return processes;
  };
  /** A local socket holds up to this much of unread data (net.core.wmem_default); a few are free. */
  const socketBytes = (): number => Math.max(0, jailSockets(list()) - FREE_SOCKETS) * SOCKET_BYTES;
  const sum = (read: (pid: number) => number) => list().reduce((total, pid) => total + orNothing(() => read(pid)), 0);
  const objectBytes = estimateObjects(list);
  const kernelBytes = () => socketBytes() + objectBytes();
  return {
    rssBytes: () => sum((pid) => memoryOf(pid).total) + kernelBytes(),
    proportionalBytes: () => sum(proportionalOf) + kernelBytes(),
    largestBytes: () => Math.max(...list().map((pid) => orNothing(() => memoryOf(pid).total))),
    cpuMs: () => sum(cpuOf),
    watchWaiting: () => {
      const before = waitingOf(list());
      return () => Math.max(0, ...[...waitingOf(list())].map(([thread, ms]) => ms - (before.get(thread) ?? 0)));
    },
  };
}

/** Descriptors of a process that count for nothing. */
const FREE_DESCRIPTORS = 20;
/** A pipe of one page, or the watches by which a descriptor sees the others, and the locks on it. */
const DESCRIPTOR_BYTES = 16_384;
/** A list of mappings this long has some 3,500 of them: many more than a program with large libraries. */
const MANY_MAPPINGS_BYTES = 256 * 1_024;
/** The most mappings that a process may have (vm.max_map_count), at 256 bytes each. */
const MAPPINGS_BYTES = 65_530 * 256;

/** Pause between two looks. */
const LOOK_MS = 40;

/**
 * Estimates what the kernel holds for descriptors and mappings, which no figure of a process tells. That takes a
 * millisecond at worst, and longer while the process grows: so one process is looked at now and then, and what was seen
 * of the others is remembered. One that has not been looked at is taken for a fork of the worst.
 */
function estimateObjects(list: () => readonly number[]): () => number {
  const seen = new Map<number, number>();
  let turn = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = (processes: readonly number[]): void => {
    turn = (turn + 1) % processes.length;
    const pid = processes.find((one) => !seen.has(one)) ?? processes[turn];
    if (pid !== undefined) seen.set(pid, descriptorBytes(pid) + mappingBytes(pid));
    lookedAt = performance.now();
  };
  return () => {
    const processes = list();
    if (performance.now() - lookedAt > LOOK_MS) look(processes);
    const worst = processes.reduce((most, one) => Math.max(most, seen.get(one) ?? 0), 0);
    return processes.reduce((total, one) => total + (seen.get(one) ?? worst), 0);
  };
}

function descriptorBytes(pid: number): number {
  const count = orNothing(() => readdirSync(`/proc/${pid}/fd`).length);
  return count <= FREE_DESCRIPTORS ? 0 : count * DESCRIPTOR_BYTES;
}

const mappingBytes = (pid: number): number =>
  orNothing(() => (isLongerThan(`/proc/${pid}/maps`, MANY_MAPPINGS_BYTES) ? MAPPINGS_BYTES : 0));

/** `root` first, then its children and theirs. One whose parent has ended is a child of the jail's first process. */
function descendantsOf(root: number): readonly number[] {
  const found = [root];
  for (const pid of found) found.push(...childrenOf(pid));
  return found;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const children = orElse(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'), '');
      return children.split(' ').filter(Boolean).map(Number);
    });
  } catch {
    return [];
  }
}

/** Local sockets in the network namespace of the last process, where that is another than ours. */
function jailSockets(processes: readonly number[]): number {
  const inside = processes.at(-1);
  if (inside === undefined || processes.length < 2) return 0;
  return orNothing(() => {
    if (readlinkSync(`/proc/${inside}/ns/net`) === readlinkSync('/proc/self/ns/net')) return 0;
    const protocols = readFileSync(`/proc/${inside}/net/protocols`, 'latin1');
    return [...protocols.matchAll(/^UNIX\S*\s+\d+\s+(\d+)/gm)].reduce((total, [, count]) => total + Number(count), 0);
  });
}

/** Bytes of a process: those that are resident with its page tables, which are its own, and these alone. */
function memoryOf(pid: number): { readonly total: number; readonly pageTables: number } {
  const status = readStart(`/proc/${pid}/status`);
  const pageTables = kilobytesIn(status, 'VmPTE') * 1_024;
  return { total: kilobytesIn(status, 'VmRSS') * 1_024 + pageTables, pageTables };
}

/** A line begins with the name: a process may call itself as it likes, and has no line of its own. */
function kilobytesIn(status: string, name: string): number {
  const start = status.indexOf(`\n${name}:`);
  return start < 0 ? 0 : Number.parseInt(status.slice(start + name.length + 2, start + name.length + 20), 10);
}

function proportionalOf(pid: number): number {
  const { total, pageTables } = memoryOf(pid);
  const text = orElse(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'), '');
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? total : Number(kilobytes) * 1_024 + pageTables;
}

const buffer = Buffer.alloc(8_192);

/** Reads what the kernel gives at once: all of a small file, at a third of the time that reading to its end takes. */
function readStart(path: string): string {
  const file = openSync(path, 'r');
  try {
    return buffer.toString('latin1', 0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

function isLongerThan(path: string, bytes: number): boolean {
  const file = openSync(path, 'r');
  try {
    let total = 0;
    for (let read = -1; read !== 0 && total <= bytes; total += read) read = readSync(file, buffer);
    return total > bytes;
  } finally {
    closeSync(file);
  }
}

/** The second field of stat is the name in brackets and may hold anything; 14 to 17 are utime, stime, cutime, cstime. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((total, ticks) => total + Number(ticks), 0) * TICK_MS;
}

/** Milliseconds for which each thread has waited on the queue of a processor: the second figure (proc(5), schedstat). */
const waitingOf = (processes: readonly number[]): ReadonlyMap<string, number> =>
  new Map(
    processes.flatMap((pid) => {
      const threads = orElse(() => readdirSync(`/proc/${pid}/task`), []);
      return threads.slice(0, WATCHED_THREADS).map((thread): [string, number] => {
        const figures = orElse(() => readStart(`/proc/${pid}/task/${thread}/schedstat`), '');
        return [thread, Number(figures.split(' ')[1] ?? 0) / 1e6];
      });
    }),
  );
const WATCHED_THREADS = 32;

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

const orNothing = (read: () => number): number => orElse(read, 0);

/** Interval at which a running program's memory is sampled. At 1 GB/s of growth that is 10 MB of error. */
const SAMPLE_MS = 10;
/** The pause after a sample, as a multiple of its duration, at least. */
const PAUSE_FACTOR = 4;

/** Memory of a worker's idle processes. */
export interface IdleMemory {
  readonly rssBytes: number;
  readonly proportionalBytes: number;
}

/** Below this the slower measurement would make no difference worth its time. */
const SMALL_BYTES = 64 * 1_024 ** 2;

/**
 * Reads the memory of a worker's idle processes. Forks of a launcher share their pages with each other: what all of them
 * have is counted as a worker's own that it would have alone, so that nobody is stopped when another one ends.
 */
export function readIdleMemory(usage: ProcessUsage): IdleMemory {
  const rssBytes = usage.rssBytes();
  const shared = () => Math.max(usage.largestBytes(), usage.proportionalBytes());
  return { rssBytes, proportionalBytes: rssBytes < SMALL_BYTES ? rssBytes : shared() };
}

/** Watches the memory of a worker's processes until stopped: they may have `allowedBytes` more than when idle. */
export function watchMemory(usage: ProcessUsage, idle: IdleMemory, allowedBytes: number) {
  const over = Promise.withResolvers<void>();
  let peak = 0;
  const sample = () => {
    let used = usage.rssBytes() - idle.rssBytes;
    // Processes that were forked share most of what they have: a second, fairer measurement before one is stopped for it.
    if (used > allowedBytes) used = usage.proportionalBytes() - idle.proportionalBytes;
    peak = Math.max(peak, used);
    if (used > allowedBytes) over.resolve();
    return peak;
  };
  // Sampling many processes that fork takes long: watching one program must not keep all others waiting.
  const poll = (): void => {
    const started = performance.now();
    sample();
    timer = setTimeout(poll, Math.max(SAMPLE_MS, PAUSE_FACTOR * (performance.now() - started)));
  };
  let timer = setTimeout(poll, SAMPLE_MS);
  return {
    /** Resolves when the processes have more than they may. */
    exceeded: over.promise,
    /** The most that was seen above what they had when idle, the present included. */
    peakBytes: sample,
    stop: () => clearTimeout(timer),
  };
}
