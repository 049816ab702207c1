import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Children of `pid`, their children, and so on, zombies included. */
export function descendantsOf(pid: number): readonly number[] {
  const found = childrenOf(pid);
  return [...found, ...found.flatMap(descendantsOf)];
}

/** A process is the child of a thread, whichever made it. */
const childrenOf = (pid: number): readonly number[] =>
  entriesOf(`/proc/${pid}/task`).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );

/** Processes that were started with `word` in their command line, by whomever: a jail names what it shows. */
export const processesNaming = (word: string): readonly number[] =>
  entriesOf('/proc')
    .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/cmdline`).includes(word))
    .map(Number);

/** Returns the end of the command line of a process, which tells what it is. */
export const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(-60);

/** Resident memory of a process, in MiB. */
export const residentMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) / 1_024;

const TICK_MS = 10;

/** User and system time of a process, in milliseconds: fields 14 and 15 of its stat, the second being its name. */
export function cpuMs(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? 0 : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const POLL_MS = 50;

/** Returns true once `condition` holds, within `ms`, for `forPolls` polls in a row, 50 ms apart. */
export async function settles(condition: () => boolean, ms: number, forPolls = 1): Promise<boolean> {
  let held = 0;
  for (const end = performance.now() + ms; performance.now() < end; await sleep(POLL_MS)) {
    held = condition() ? held + 1 : 0;
    if (held === forPolls) return true;
  }
  return false;
}

/** Reads /proc of a process that may end at any moment: then nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function entriesOf(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
