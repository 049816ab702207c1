import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Duplex } from 'node:stream';
import type { Cgroup } from '../jail/cgroup.ts';
import type { IdleMemory } from './process-usage.ts';
import { type FrameKind, type FrameListener, readFrames, writeFrame } from './frames.ts';

/** A way to start a worker process: a command of its own, or a launcher. */
export type WorkerStart = WorkerCommand | { readonly launch: (group?: Cgroup) => Promise<Conversation> };

/** The program of a worker process. It gets an empty environment and `/` as its working directory. */
export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Files that it reads on its descriptors 4, 5 and on. */
  readonly descriptors?: readonly string[];
  /** Id of the user and the group that it becomes; absent where it stays ours, or the command sees to it. */
  readonly user?: number;
}

export interface Exit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** True when it was its launcher that ended, and the process with it. */
  readonly isOfLauncher?: boolean;
}

/** Figures of a warm process that hold for all that are forked like it. */
export interface Likes {
  idle?: { readonly memory: IdleMemory; readonly cpuMs: number };
}

/** A child process and the frames that go to and fro on its descriptor 3. */
export interface Conversation {
  readonly pid: number | undefined;
  /** Resolves when the process is gone, or at once when it could not be started. */
  readonly gone: Promise<Exit>;
  send(kind: FrameKind, payload?: Buffer): void;
  /** Resolves when what was sent has left, or can no longer leave. */
  drained(): Promise<void>;
  /** Replaces the listener for frames of the process. */
  onFrame(listener: FrameListener): void;
  /** The end of what the process wrote to standard error, which only its runtime does; all of it once it is gone. */
  stderrTail(): string;
  kill(): void;
  /** The same object for all processes that are forks of one, in the same state when they are warm. */
  readonly likes?: Likes;
  /** Returns true once it was killed or has ended. */
  isOver(): boolean;
}

const STDERR_TAIL_CHARS = 4_096;

/** Resolves when a stream can take more, or has closed. */
export async function drained(stream: Duplex): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed) return;
  const over = new AbortController();
  const options = { signal: over.signal };
  await Promise.race([once(stream, 'drain', options), once(stream, 'close', options)]).catch(() => {});
  over.abort();
}

/** Starts a worker process, in a control group where there is one. @throws Error when there is none to talk with. */
export function begin(start: WorkerStart, group?: Cgroup): Conversation | Promise<Conversation> {
  if ('launch' in start) return start.launch(group);
  if (group === undefined) return converseWith(start);
  if (start.user === undefined) return converseWith(enter(group, start));
  // Another user cannot enter, so it is brought in: before it has started anything of its own.
  const conversation = converseWith(start);
  if (conversation.pid !== undefined) group.add(conversation.pid);
  return conversation;
}

/** Makes a command enter a control group first, with all that it is going to start. */
const enter = ({ members }: Cgroup, { file, args, ...rest }: WorkerCommand): WorkerCommand => ({
  ...rest,
  file: '/bin/sh',
  args: ['-c', 'echo 0 > "$0" && exec "$@"', members, file, ...args],
});

export function converseWith({ file, args, descriptors = [], user }: WorkerCommand): Conversation {
  const opened = descriptors.map((path) => openSync(path, 'r'));
  const child = spawn(file, args, {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...opened],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  for (const descriptor of opened) closeSync(descriptor);
  const channel = child.stdio[3];
  if (!(channel instanceof Duplex)) throw new Error('the worker has no descriptor 3');
  const gone = once(child, 'exit').then(
    ([exitCode, signal]): Exit => ({ exitCode, signal }),
    (): Exit => ({ exitCode: null, signal: null }),
  );
  // A worker may die at any moment by design: `gone` reports it, not an error on its pipe.
  channel.on('error', () => {});

  let stderrTail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderrTail = (stderrTail + chunk.toString('latin1')).slice(-STDERR_TAIL_CHARS);
  });
  let listener: FrameListener = () => {};
  readFrames(channel, (frame) => listener(frame));

  return {
    pid: child.pid,
    gone,
    send: (kind, payload) => writeFrame(channel, kind, payload),
    drained: () => drained(channel),
    onFrame: (next) => {
      listener = next;
    },
    stderrTail: () => stderrTail.trim(),
    kill: () => void child.kill('SIGKILL'),
    isOver: () => child.killed || child.exitCode !== null || child.signalCode !== null,
  };
}
