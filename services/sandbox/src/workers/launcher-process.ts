import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Cgroup } from '../jail/cgroup.ts';
import { type Conversation, converseWith, drained, type Exit, type Likes, type WorkerCommand } from './conversation.ts';
import { type Frame, type FrameListener, jsonPayload, readFrames, writeFrame } from './frames.ts';

/** A worker as it is asked for. */
export interface LaunchRequest {
  /** The process of its programs, as the launcher understands it. */
  readonly interpreter: object;
  /** The package layer that it sees, as a path in the launcher's folder of layers. */
  readonly packages?: string | undefined;
  /** Environment, beside that of every worker of the launcher. */
  readonly env?: Readonly<Record<string, string>>;
  /** Most address space of each of its processes. */
  readonly addressBytes?: number | undefined;
}

/** Messages of a launcher; its process ids are the host's. The second comes on the worker's own connection. */
const Ready = z.object({ pid: z.int().positive() });
const Started = z.object({ id: z.int(), pid: z.int().positive() });
/** In a frame, what the worker wrote to standard error follows on the next line. */
const Gone = z.object({ id: z.int(), exit_code: z.int().nullable(), signal: z.int().nullable() });

/** Path of a launcher's socket, in its own file system. */
const SOCKET_PATH = '/tmp/launcher.sock';
/** Time limit for the start of a launcher, or of a worker. */
const START_TIMEOUT_MS = 20_000;
/** Ends of workers of which nobody has heard yet that they began. */
const MAX_UNCLAIMED = 256;

/** A launcher that runs. */
export interface LauncherProcess {
  /** Has it fork a worker. @throws Error when the launcher or the worker ended instead. */
  fork(request: LaunchRequest, user: number, group?: Cgroup): Promise<Conversation>;
  /** Resolves when it has ended, and all its workers with it. */
  readonly gone: Promise<Exit>;
  kill(): void;
}

/** A running launcher and its workers. */
interface Running {
  readonly control: Conversation;
  readonly socketPath: string;
  readonly ends: Ends;
  readonly likes: Likes;
}

interface LaunchedExit extends Exit {
  readonly stderr: string;
}

async function fork(
  { control, socketPath, ends, likes }: Running,
  request: object,
  group: Cgroup | undefined,
): Promise<Conversation> {
  const channel = connect(socketPath);
  const frames = bufferFrames(channel);
  const late = new AbortController();
  try {
    const first = await Promise.race([
      frames.next(),
      control.gone.then(() => endedInstead({ stderr: control.stderrTail() })),
      sleep(START_TIMEOUT_MS, undefined, { signal: late.signal }),
    ]);
    const { id, pid } = startedOf(first);
    // Until it reads this, it waits: what it does from then on is counted.
    group?.add(pid);
    channel.write(`${JSON.stringify(request)}\n`);
    return conversation({ control, channel, frames, likes, id, pid, gone: ends.of(id) });
  } catch (error) {
    channel.destroy();
    throw error;
  } finally {
    late.abort();
  }
}

const endedInstead = ({ stderr }: Pick<LaunchedExit, 'stderr'>): never => {
  throw new Error(`it ended: ${stderr}`);
};

const asMessage = ({ interpreter, packages, env = {}, addressBytes }: LaunchRequest) => ({
  interpreter,
  packages: packages ?? null,
  env,
  address_bytes: addressBytes ?? null,
});

function startedOf(first: Frame | undefined): z.output<typeof Started> {
  if (first === undefined) throw new Error('the launcher did not answer');
  if (first.kind === 'started') return Started.parse(JSON.parse(first.payload.toString()));
  return endedInstead({ stderr: first.payload.toString() });
}

/** The ends of a launcher's workers, by their numbers: one may be heard of before its worker is asked for. */
function createEnds() {
  const awaited = new Map<number, (exit: LaunchedExit) => void>();
  const unclaimed = new Map<number, LaunchedExit>();
  return {
    of: (id: number): Promise<LaunchedExit> => {
      const known = unclaimed.get(id);
      unclaimed.delete(id);
      return known === undefined ? new Promise((resolve) => void awaited.set(id, resolve)) : Promise.resolve(known);
    },
    tell: (id: number, exit: LaunchedExit): void => {
      const resolve = awaited.get(id);
      awaited.delete(id);
      if (resolve !== undefined) return resolve(exit);
      unclaimed.set(id, exit);
      // That of a caller who has given up is never asked for.
      const [oldest] = unclaimed.keys();
      if (unclaimed.size > MAX_UNCLAIMED && oldest !== undefined) unclaimed.delete(oldest);
    },
    tellAll: (exit: LaunchedExit): void => {
      for (const resolve of awaited.values()) resolve(exit);
      awaited.clear();
    },
  };
}
type Ends = ReturnType<typeof createEnds>;

/** Starts a launcher. @throws Error when it ended instead. */
export async function startLauncher(command: WorkerCommand): Promise<LauncherProcess> {
  const control = converseWith(command);
  const ends = createEnds();
  const ready = Promise.withResolvers<number>();
  control.onFrame((frame) => {
    try {
      receiveControl(frame, ready, ends);
    } catch {
      control.kill(); // Not the message of a launcher.
    }
  });
  const late = setTimeout(control.kill, START_TIMEOUT_MS);
  const gone = control.gone.then((exit) => ({ ...exit, stderr: control.stderrTail() }));
  void gone.then((exit) => {
    ends.tellAll({ ...exit, isOfLauncher: true });
  });
  try {
    const pid = await Promise.race([ready.promise, gone.then(endedInstead)]);
    // Its file system is its own; /proc is the way into it.
    const running = { control, socketPath: `/proc/${pid}/root${SOCKET_PATH}`, ends, likes: {} };
    return {
      fork: (request, user, group) => fork(running, { ...asMessage(request), user }, group),
      gone: control.gone,
      kill: control.kill,
    };
  } finally {
    clearTimeout(late);
  }
}

function receiveControl({ kind, payload }: Frame, ready: PromiseWithResolvers<number>, ends: Ends): void {
  if (kind === 'ready') ready.resolve(Ready.parse(JSON.parse(payload.toString())).pid);
  else if (kind === 'gone') {
    const [message = '', ...stderr] = payload.toString('latin1').split('\n');
    const { id, exit_code, signal } = Gone.parse(JSON.parse(message));
    const exit = { exitCode: exit_code, signal: signal === null ? null : signalName(signal) };
    ends.tell(id, { ...exit, stderr: stderr.join('\n').trim() });
  }
}

const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;

/** The frames of a worker: those that come before anybody listens wait. */
function bufferFrames(channel: Socket) {
  const early: Frame[] = [];
  let listener: FrameListener | undefined;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  channel.once('error', failed.reject);
  channel.on('error', () => {});
  channel.once('close', () => failed.reject(new Error('the launcher closed the connection')));
  const receive: FrameListener = (frame) => {
    if (listener !== undefined) return listener(frame);
    early.push(frame);
    return undefined;
  };
  readFrames(channel, receive);
  const listen = (next: FrameListener): void => {
    listener = next;
    for (const frame of early.splice(0)) void receive(frame);
  };
  const next = (): Promise<Frame> => {
    const first = new Promise<Frame>((resolve) => {
      listen((frame) => {
        listener = undefined;
        resolve(frame);
      });
    });
    return Promise.race([first, failed.promise]);
  };
  return { listen, next };
}

interface Launched {
  readonly control: Conversation;
  readonly channel: Socket;
  readonly frames: ReturnType<typeof bufferFrames>;
  readonly likes: Likes;
  readonly id: number;
  readonly pid: number;
  readonly gone: Promise<LaunchedExit>;
}

function conversation({ control, channel, frames, likes, id, pid, gone }: Launched): Conversation {
  let over = false;
  let stderrTail = '';
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
    onFrame: frames.listen,
    stderrTail: () => stderrTail,
    kill: () => {
      if (over) return;
      over = true;
      control.send('kill', jsonPayload({ id }));
    },
    likes,
    isOver: () => over,
  };
}
