import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { type Frame, type FrameKind, readFrames, writeFrame } from './frames.ts';

/** How a worker process comes about: by a command of its own, or by somebody who makes one. */
export type WorkerStart = WorkerCommand | { readonly launch: () => Promise<Conversation> };

/** The program that a worker process is. It gets an empty environment and `/` as its working directory. */
export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Files that it reads on its descriptors 4, 5 and on. */
  readonly descriptors?: readonly string[];
}

export interface Exit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A child process and the frames that go to and fro on its descriptor 3. */
export interface Conversation {
  readonly pid: number | undefined;
  /** Resolves when the process is gone, or at once when it could not be started. */
  readonly gone: Promise<Exit>;
  send(kind: FrameKind, payload?: Buffer): void;
  /** Replaces who hears what the process says. */
  onFrame(listener: (frame: Frame) => void): void;
  /** The end of what the process wrote to standard error, which only its runtime does. */
  lastWords(): string;
  kill(): void;
  /** Whether it was killed or is gone. */
  isOver(): boolean;
}

const LAST_WORDS = 4_096;

/** @throws Error when there is no process to talk with. */
export const begin = (start: WorkerStart): Conversation | Promise<Conversation> =>
  'launch' in start ? start.launch() : converseWith(start);

export function converseWith({ file, args, descriptors = [] }: WorkerCommand): Conversation {
  const opened = descriptors.map((path) => openSync(path, 'r'));
  const child = spawn(file, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...opened] });
  for (const descriptor of opened) closeSync(descriptor);
  const channel = child.stdio[3];
  if (!(channel instanceof Duplex)) throw new Error('a worker has no descriptor 3');
  const gone = once(child, 'exit').then(
    ([exitCode, signal]): Exit => ({ exitCode, signal }),
    (): Exit => ({ exitCode: null, signal: null }),
  );
  // A worker may die at any moment by design: that it did is told by `gone`, not by an error on its pipe.
  channel.on('error', () => {});

  let lastWords = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('latin1')).slice(-LAST_WORDS);
  });
  let listener: (frame: Frame) => void = () => {};
  readFrames(channel, (frame) => listener(frame));

  return {
    pid: child.pid,
    gone,
    send: (kind, payload) => writeFrame(channel, kind, payload),
    onFrame: (next) => {
      listener = next;
    },
    lastWords: () => lastWords.trim(),
    kill: () => void child.kill('SIGKILL'),
    isOver: () => child.killed || child.exitCode !== null || child.signalCode !== null,
  };
}
