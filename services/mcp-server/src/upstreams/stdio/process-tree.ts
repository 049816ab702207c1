import { readFileSync } from 'node:fs';

/** Signals a process and all that have not left its group. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  // A program that was not started has no group; 0 would be our own.
  if (pid === 0) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of them are gone already.
  }
}

/** Signals the processes that come from `pid`, without itself. */
export function signalBelow(pid: number, signal: NodeJS.Signals): void {
  for (const child of processesBelow(pid)) {
    try {
      process.kill(child, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Lists the processes that a process has started and that run. Empty where the system does not tell. */
function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return children.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function processesBelow(pid: number): readonly number[] {
  const below = childrenOf(pid);
  for (const child of below) below.push(...childrenOf(child));
  return below;
}

/** The work that processes have done since they started. */
export interface Work {
  readonly cpuSeconds: number;
  /** Read and written: files, pipes and network. */
  readonly bytes: number;
}

const TICKS_PER_SECOND = 100;

/** Returns the work of a process and of all that come from it. Undefined where the system does not tell. */
export function workOf(pid: number): Work | undefined {
  const works = [pid, ...processesBelow(pid)].flatMap((each) => ownWorkOf(each) ?? []);
  if (works.length === 0) return undefined;
  const sum = (of: (work: Work) => number) => works.reduce((total, work) => total + of(work), 0);
  return { cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds), bytes: sum(({ bytes }) => bytes) };
}

function ownWorkOf(pid: number): Work | undefined {
  try {
    // The name of the program, in brackets, may have blanks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [userTicks = 0, systemTicks = 0] = stat.slice(11, 13).map(Number);
    const io = readFileSync(`/proc/${pid}/io`, 'latin1');
    const bytes = [...io.matchAll(/^[rw]char: (\d+)$/gm)].reduce((total, [, count]) => total + Number(count), 0);
    return { cpuSeconds: (userTicks + systemTicks) / TICKS_PER_SECOND, bytes };
  } catch {
    return undefined;
  }
}
