import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { z } from 'zod';
import type { Cgroup } from '../jail/cgroup.ts';
import { type Conversation, converseWith, drained, type Exit, type WorkerCommand } from './conversation.ts';
import { type Frame, type FrameListener, jsonPayload, readFrames, writeFrame } from './frames.ts';

/** A process that makes workers by forking: much faster than starting each by a command of its own. */
export interface Launcher {
  /** Starts a worker. @throws Error when the launcher or the worker ended instead. */
  launch(request: LaunchRequest, group?: Cgroup): Promise<Conversation>;
  /** Ends the launcher and all its workers. */
  close(): void;
}

/** A worker as it is asked for. */
export interface LaunchRequest {
  /** Arguments, after those of every worker of the launcher. */
  readonly args: readonly string[];
  /** The package layer that it sees, as a path in the launcher's folder of layers. */
  readonly packages?: string | undefined;
  /** Environment, beside that of every worker of the launcher. */
  readonly env?: Readonly<Record<string, string>>;
  /** Most address space of each of its processes. */
  readonly addressBytes?: number | undefined;
}

/** Messages of a launcher; its process ids are the host's. */
const Ready = z.object({ pid: z.int().positive() });
const Started = z.object({ id: z.int(), pid: z.int().positive() });
const Gone = z.object({
  id: z.int(),
  exit_code: z.int().nullable(),
  signal: z.int().nullable(),
  /** The end of what it wrote to standard error. */
  stderr: z.string(),
});

/** Path of a launcher's socket, in its own file system. */
const SOCKET_PATH = '/tmp/launcher.sock';
/** Time limit for the start of a launcher, or of a worker. */
const START_TIMEOUT_MS = 20_000;
const MAX_ID = 2 ** 32;

/** A running launcher and its workers. */
interface Running {
  readonly control: Conversation;
  readonly socketPath: string;
  readonly workers: Map<number, Pending>;
}

interface Pending {
  readonly started: PromiseWithResolvers<number>;
  readonly gone: PromiseWithResolvers<LaunchedExit>;
}

interface LaunchedExit extends Exit {
  readonly stderr: string;
}

/**
 * Starts a launcher when it is first needed, and another when that one has ended.
 * @param nextUser returns a user id that no other worker has, for launchers that may set one
 */
export function createLauncher(command: WorkerCommand, nextUser: () => number): Launcher {
  let running: Promise<Running> | undefined;
  let lastId = 0;

  const run = (): Promise<Running> => {
    const starting = startLauncher(command);
    running = starting;
    const forget = () => {
      if (running === starting) running = undefined;
    };
    starting.then(({ control }) => control.gone.then(forget), forget);
    return starting;
  };

  return {
    async launch(request, group) {
      const { control, socketPath, workers } = await (running ?? run());
      lastId = (lastId + 1) % MAX_ID;
      const id = lastId;
      const pending = { started: Promise.withResolvers<number>(), gone: Promise.withResolvers<LaunchedExit>() };
      workers.set(id, pending);
      const channel = connect(socketPath);
      channel.once('error', (error) => pending.started.reject(error));
      channel.on('error', () => {});
      channel.write(jsonPayload({ ...asMessage(request), id, user: nextUser(), waits: group !== undefined }));
      const late = setTimeout(() => pending.started.reject(new Error('the launcher did not answer')), START_TIMEOUT_MS);
      try {
        const pid = await Promise.race([pending.started.promise, pending.gone.promise.then(endedInstead)]);
        if (group !== undefined) {
          group.add(pid);
          channel.write(GO);
        }
        return conversation({ control, channel, id, pid, gone: pending.gone.promise });
      } catch (error) {
        channel.destroy();
        workers.delete(id);
        throw error;
      } finally {
        clearTimeout(late);
      }
    },
    close: () => void running?.then(({ control }) => control.kill()).catch(() => {}),
  };
}

const endedInstead = ({ stderr }: Pick<LaunchedExit, 'stderr'>): never => {
  throw new Error(`it ended: ${stderr}`);
};

const asMessage = ({ args, packages, env = {}, addressBytes }: LaunchRequest) => ({
  args,
  packages: packages ?? null,
  env,
  address_bytes: addressBytes ?? null,
});

/** The byte that a worker waits for until it has been put into a control group. */
const GO = Buffer.from('.');

async function startLauncher(command: WorkerCommand): Promise<Running> {
  const control = converseWith(command);
  const workers = new Map<number, Pending>();
  const ready = Promise.withResolvers<number>();
  control.onFrame((frame) => {
    try {
      receive(frame, ready, workers);
    } catch {
      control.kill(); // Not the message of a launcher.
    }
  });
  const late = setTimeout(control.kill, START_TIMEOUT_MS);
  const gone = control.gone.then((exit) => ({ ...exit, stderr: control.stderrTail() }));
  void gone.then((exit) => {
    for (const worker of workers.values()) worker.gone.resolve(exit);
    workers.clear();
  });
  try {
    const pid = await Promise.race([ready.promise, gone.then(endedInstead)]);
    // Its file system is its own; /proc is the way into it.
    return { control, socketPath: `/proc/${pid}/root${SOCKET_PATH}`, workers };
  } finally {
    clearTimeout(late);
  }
}

function receive({ kind, payload }: Frame, ready: PromiseWithResolvers<number>, workers: Map<number, Pending>): void {
  const message: unknown = JSON.parse(payload.toString());
  if (kind === 'ready') ready.resolve(Ready.parse(message).pid);
  else if (kind === 'started') {
    const { id, pid } = Started.parse(message);
    workers.get(id)?.started.resolve(pid);
  } else if (kind === 'gone') {
    const { id, exit_code, signal, stderr } = Gone.parse(message);
    const exit = { exitCode: exit_code, signal: signal === null ? null : signalName(signal) };
    workers.get(id)?.gone.resolve({ ...exit, stderr: stderr.trim() });
    workers.delete(id);
  }
}

const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;

interface Launched {
  readonly control: Conversation;
  readonly channel: Socket;
  readonly id: number;
  readonly pid: number;
  readonly gone: Promise<LaunchedExit>;
}

function conversation({ control, channel, id, pid, gone }: Launched): Conversation {
  let over = false;
  let stderrTail = '';
  let listener: FrameListener = () => {};
  readFrames(channel, (frame) => listener(frame));
  const ended = gone.then(({ stderr, ...exit }): Exit => {
    stderrTail = stderr;
    over = true;
    channel.destroy();
    return exit;
  });
  return {
    pid,
    gone: ended,
    send: (kind, payload) => writeFrame(channel, kind, payload),
    drained: () => drained(channel),
    onFrame: (next) => {
      listener = next;
    },
    stderrTail: () => stderrTail,
    kill: () => {
      if (over) return;
      over = true;
      control.send('kill', jsonPayload({ id }));
    },
    isOver: () => over,
  };
}
