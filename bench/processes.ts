// Figures of another process, as the kernel keeps them.
import { readdirSync, readFileSync } from 'node:fs';

/** Returns the processor time of all threads of a process so far (https://docs.kernel.org/scheduler/sched-stats.html). */
export function cpuMicroseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return times.reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1_000, 0);
}

/** Returns the resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

export const mib = (bytes: number): string => (bytes / 1_024 ** 2).toFixed(1);
