import type { Socket } from 'node:net';

/** The descriptor that the supervisor opens for tool calls (`toolmesh_interpreter.py`), and the frames on it. */
const FD = 6;
const [CALL, ANSWER] = [11, 12];
const HEADER_BYTES = 5;
/** Ids begin anywhere, so that an answer to a process before this one is none of ours. */
const FIRST_IDS = 2 ** 48;

const CLOSED = { error: 'the channel to the service is closed' };

type Settle = (answer: unknown) => void;

/** Messages about tools, and what answers them. */
export interface ToolChannel {
  /** Sends a message, JSON without its id, and resolves to what answers it. The process lives until then. */
  ask(fields: string): Promise<unknown>;
  /** Forgets the messages of an earlier program: nothing answers them any more. */
  forget(): void;
}

/** Makes this process's channel to the service. Nothing is opened before there is something to send. */
export function createToolChannel(): ToolChannel {
  const waiting = new Map<number, Settle>();
  let nextId = Math.floor(Math.random() * FIRST_IDS);
  let socket: Socket | undefined;
  let isClosed = false;

  const settle = ({ id, ...answer }: { readonly id?: unknown }): void => {
    const waiter = typeof id === 'number' ? waiting.get(id) : undefined;
    if (waiter === undefined || typeof id !== 'number') return;
    waiting.delete(id);
    // Without a question, nothing of it keeps a program alive that has finished.
    if (waiting.size === 0) socket?.unref();
    waiter(answer);
  };
  const close = (): void => {
    isClosed = true;
    for (const waiter of waiting.values()) waiter(CLOSED);
    waiting.clear();
  };
  const open = (): Socket => {
    const { Socket: NetSocket } = process.getBuiltinModule('node:net');
    const opened = new NetSocket({ fd: FD, readable: true, writable: true });
    const read = createReader((payload) => settle(Object(JSON.parse(payload))));
    return opened.on('data', read).on('error', close).on('close', close);
  };

  return {
    ask: (fields) =>
      new Promise((resolve, reject) => {
        if (isClosed) return resolve(CLOSED);
        const id = nextId;
        try {
          socket ??= open();
          socket.write(frame(`{"id":${id},${fields}}`));
          socket.ref();
        } catch (error) {
          return reject(error);
        }
        nextId += 1;
        waiting.set(id, resolve);
      }),
    forget(): void {
      waiting.clear();
      socket?.unref();
    },
  };
}

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const data = Buffer.alloc(HEADER_BYTES + payload.length);
  data.writeUInt32BE(payload.length, 0);
  data.writeUInt8(CALL, 4);
  payload.copy(data, HEADER_BYTES);
  return data;
}

/** Returns a function that takes what comes in, in whatever pieces, and passes on the text of each answer. */
function createReader(onAnswer: (payload: string) => void): (data: Buffer) => void {
  let pieces: Buffer[] = [];
  let have = 0;
  let needed = HEADER_BYTES;
  return (data) => {
    pieces.push(data);
    have += data.length;
    if (have < needed) return;
    let rest = Buffer.concat(pieces);
    for (;;) {
      const length = rest.length < HEADER_BYTES ? 0 : rest.readUInt32BE(0);
      needed = HEADER_BYTES + length;
      if (rest.length < needed) break;
      const isAnswer = rest.readUInt8(4) === ANSWER;
      const payload = rest.toString('utf8', HEADER_BYTES, needed);
      rest = rest.subarray(needed);
      if (isAnswer) onAnswer(payload);
    }
    pieces = [rest];
    have = rest.length;
  };
}
