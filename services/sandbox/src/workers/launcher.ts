import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { z } from 'zod';
import { type Conversation, converseWith, type Exit, type WorkerCommand } from './conversation.ts';
import { type Frame, jsonPayload, readFrames, writeFrame } from './frames.ts';

/** A process that makes workers by forking: much faster than starting each by a command of its own. */
export interface Launcher {
  /** Starts a worker, which is told `words`. @throws Error when the launcher, or the worker, ended instead. */
  launch(words: readonly string[]): Promise<Conversation>;
  /** Ends the launcher and all its workers. */
  close(): void;
}

/** What a launcher says; its numbers for processes are ours. */
const Ready = z.object({ pid: z.int().positive() });
const Started = z.object({ id: z.int(), pid: z.int().positive() });
const Gone = z.object({ id: z.int(), exit_code: z.int().nullable(), signal: z.int().nullable() });

/** Where a launcher listens, as it sees it. */
const DOOR = '/tmp/door';
const HELLO_BYTES = 8;
/** How long a launcher, or a worker of it, may take to be there. */
const START_TIMEOUT_MS = 20_000;
const MAX_ID = 2 ** 32;

/** A launcher that runs, and whom it has made. */
interface Running {
  readonly control: Conversation;
  readonly door: string;
  readonly workers: Map<number, Pending>;
}

interface Pending {
  readonly started: PromiseWithResolvers<number>;
  readonly gone: PromiseWithResolvers<Exit>;
}

/**
 * Starts a launcher when it is first needed, and another when that one has ended.
 * @param nextUser a user for each worker that no other has, for a launcher that can give them one
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
    async launch(words) {
      const { control, door, workers } = await (running ?? run());
      lastId = (lastId + 1) % MAX_ID;
      const id = lastId;
      const pending = { started: Promise.withResolvers<number>(), gone: Promise.withResolvers<Exit>() };
      workers.set(id, pending);
      const channel = connect(door);
      channel.once('error', (error) => pending.started.reject(error));
      channel.on('error', () => {});
      channel.write(hello(id, nextUser(), words));
      const late = setTimeout(
        () => pending.started.reject(new Error('the launcher does not answer')),
        START_TIMEOUT_MS,
      );
      try {
        const pid = await Promise.race([pending.started.promise, pending.gone.promise.then(endedInstead(control))]);
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

const endedInstead = (control: Conversation) => (): never => {
  throw new Error(`it ended: ${control.lastWords()}`);
};

function hello(id: number, user: number, words: readonly string[]): Buffer {
  const numbers = Buffer.alloc(HELLO_BYTES);
  numbers.writeUInt32BE(id, 0);
  numbers.writeUInt32BE(user, 4);
  return Buffer.concat([numbers, Buffer.from(words.join(' '))]);
}

async function startLauncher(command: WorkerCommand): Promise<Running> {
  const control = converseWith(command);
  const workers = new Map<number, Pending>();
  const ready = Promise.withResolvers<number>();
  control.onFrame((frame) => {
    try {
      hear(frame, ready, workers);
    } catch {
      control.kill(); // It says what no launcher says.
    }
  });
  const late = setTimeout(control.kill, START_TIMEOUT_MS);
  void control.gone.then((exit) => {
    for (const { gone } of workers.values()) gone.resolve(exit);
    workers.clear();
  });
  try {
    const pid = await Promise.race([ready.promise, control.gone.then(endedInstead(control))]);
    // Its root is nobody else's: the way there is by what the kernel tells of it.
    return { control, door: `/proc/${pid}/root${DOOR}`, workers };
  } finally {
    clearTimeout(late);
  }
}

function hear({ kind, payload }: Frame, ready: PromiseWithResolvers<number>, workers: Map<number, Pending>): void {
  const said: unknown = JSON.parse(payload.toString());
  if (kind === 'ready') ready.resolve(Ready.parse(said).pid);
  else if (kind === 'started') {
    const { id, pid } = Started.parse(said);
    workers.get(id)?.started.resolve(pid);
  } else if (kind === 'gone') {
    const { id, exit_code, signal } = Gone.parse(said);
    workers.get(id)?.gone.resolve({ exitCode: exit_code, signal: signal === null ? null : signalName(signal) });
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
  readonly gone: Promise<Exit>;
}

function conversation({ control, channel, id, pid, gone }: Launched): Conversation {
  let over = false;
  let listener: (frame: Frame) => void = () => {};
  let hasSpoken = false;
  readFrames(channel, (frame) => {
    hasSpoken = true;
    listener(frame);
  });
  void gone.then(() => {
    over = true;
    channel.destroy();
  });
  return {
    pid,
    gone,
    send: (kind, payload) => writeFrame(channel, kind, payload),
    onFrame: (next) => {
      listener = next;
    },
    // All workers share what they write errors to: once one has spoken, these words are another's.
    lastWords: () => (hasSpoken ? '' : control.lastWords()),
    kill: () => {
      if (over) return;
      over = true;
      control.send('kill', jsonPayload({ id }));
    },
    isOver: () => over,
  };
}
