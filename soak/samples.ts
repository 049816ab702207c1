import { readdirSync, readFileSync } from 'node:fs';

/** Resources of one process at one moment. */
export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  readonly rssBytes: number;
  /** Open file descriptors: files, sockets, pipes. */
  readonly handles: number;
  /** It and all processes that it has started, and they. */
  readonly processes: number;
}

const PAGE_BYTES = 4_096;

/** Looks at a process; undefined when it is gone. Linux tells it in /proc. */
export function sampleProcess(pid: number, at: number): Sample | undefined {
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
    const handles = readdirSync(`/proc/${pid}/fd`).length;
    return { at, rssBytes: Number(resident) * PAGE_BYTES, handles, processes: countFamily(pid) };
  } catch {
    return undefined;
  }
}

function countFamily(pid: number): number {
  return 1 + childrenOf(pid).reduce((sum, child) => sum + countFamily(child), 0);
}

function childrenOf(pid: number): readonly number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
