import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Memory and time that a worker's processes have used, as the kernel counts it (proc(5)). */
export interface ProcessUsage {
  /** Resident memory of all of them now, and what their sockets may hold, in bytes; what they share counts for each. */
  rssBytes(): number;
  /** As {@link rssBytes}, with shared memory shared out; slower. */
  proportionalBytes(): number;
  /** User and system time of all their threads, in milliseconds, to the clock tick of 10 ms. */
  cpuMs(): number;
}

const SOCKET_BYTES = 212_992;
const FREE_SOCKETS = 32;

const PAGE_BYTES = 4_096;
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
  return {
    rssBytes: () => sum(rssOf) + socketBytes(),
    proportionalBytes: () => sum((pid) => proportionalOf(pid) ?? rssOf(pid)) + socketBytes(),
    cpuMs: () => sum(cpuOf),
  };
}

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

/** The second field of statm is the resident part, in pages. */
const rssOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES;

function proportionalOf(pid: number): number | undefined {
  const text = orElse(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'), '');
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

/** The second field of stat is the name in brackets and may hold anything; 14 to 17 are utime, stime, cutime, cstime. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((total, ticks) => total + Number(ticks), 0) * TICK_MS;
}

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

export function readIdleMemory(usage: ProcessUsage): IdleMemory {
  const rssBytes = usage.rssBytes();
  return { rssBytes, proportionalBytes: rssBytes < SMALL_BYTES ? rssBytes : usage.proportionalBytes() };
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
