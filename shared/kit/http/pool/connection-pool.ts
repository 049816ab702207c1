import { MeshError } from '../../faults/errors.ts';
import { createWaitingQueue } from '../../faults/waiting-queue.ts';
import { createIdleProof, type IdleProof } from './idle-proof.ts';

/** A client that has one connection, over which one request goes at a time. */
export interface PooledClient {
  /** `drain`: its request has ended. `disconnect` and `connectionError`: its connection is gone, or never came about. */
  on(event: 'drain' | 'connectionError', listener: () => void): unknown;
  on(event: 'disconnect', listener: (origin: URL, targets: unknown, error: Error) => void): unknown;
  /** Closes it once its request has ended. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

export interface PoolOptions<C> {
  readonly createClient: () => C;
  /** Connections at the same time. */
  readonly limit: number;
}

/** A client for one request, which returns to the pool by itself. */
export interface Lease<C> {
  readonly client: C;
  /** True if it has carried a request before. */
  readonly isReused: boolean;
  /** Closes its connection after this request. */
  retire(): void;
  /** Closes its connection: this request has failed. */
  discard(): void;
}

/** The connections to one server. */
export interface ConnectionPool<C> {
  /** Returns a client; waits for one when all are in use. `isWrite`: the request must not be lost in an old connection. */
  take(isWrite: boolean, signal: AbortSignal): Promise<Lease<C>>;
  readonly size: number;
  destroy(): Promise<void>;
}

/**
 * Makes a pool that prefers the connection used last. A server may close an idle connection at the moment that a request
 * is written to it, and nobody can tell then if it was read (RFC 9112, section 9.3.1). So a write takes an idle
 * connection only if one to the same server has stayed open at least twice as long; until then it gets one of its own,
 * and the first idle one is set aside as the proof.
 */
export function createConnectionPool<C extends PooledClient>({ createClient, limit }: PoolOptions<C>) {
  const members = createMembers(createClient);
  let isDestroyed = false;

  const takeIdle = (isWrite: boolean): Member<C> | undefined => {
    const { idle, proof } = members;
    const last = idle.at(-1);
    if (last === undefined) return undefined;
    const isFull = members.size >= limit;
    const mayWrite = performance.now() - last.idleSince <= proof.writeMs;
    const mayRead = proof.isGiven || idle.length > 1 || isFull;
    if (isWrite ? mayWrite : mayRead) return idle.pop();
    // A write that needs a new connection needs room for it.
    if (isFull && idle[0] !== undefined) members.retire(idle[0]);
    return undefined;
  };

  const pool: ConnectionPool<C> = {
    async take(isWrite, signal) {
      for (;;) {
        if (isDestroyed) throw closed();
        const reused = takeIdle(isWrite);
        const member = reused ?? (members.size < limit ? members.create() : undefined);
        if (member === undefined) {
          await members.freed(signal);
          continue;
        }
        member.isWrite = isWrite;
        return {
          client: member.client,
          isReused: reused !== undefined,
          retire: () => members.retire(member),
          discard: () => members.drop(member),
        };
      }
    },
    get size() {
      return members.size;
    },
    destroy() {
      isDestroyed = true;
      return members.destroy();
    },
  };
  return pool;
}

const closed = (): Error => Object.assign(new Error('the connections are closed'), { code: 'UND_ERR_DESTROYED' });

interface Member<C> {
  readonly client: C;
  isWrite: boolean;
  isGone: boolean;
  idleSince: number;
}

/** The clients of a pool, in use or idle. */
interface Members<C> {
  /** The one that has been idle longest is the first. */
  readonly idle: Member<C>[];
  readonly proof: IdleProof;
  readonly size: number;
  create(): Member<C>;
  /** Closes the connection of a member at once. */
  drop(member: Member<C>): void;
  /** Closes the connection of a member after its request. */
  retire(member: Member<C>): void;
  /** Resolves when a member may have become free. */
  freed(signal: AbortSignal): Promise<void>;
  destroy(): Promise<void>;
}

const MAX_WAITING = 100_000;
/** Requests have clocks of their own. */
const MAX_WAIT_MS = 3_600_000;

const createWaiting = () =>
  createWaitingQueue<void>({
    maxLength: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    full: () => new MeshError('unavailable', `${MAX_WAITING} requests wait for a connection already`),
    late: () => new MeshError('unavailable', `no connection became free within ${MAX_WAIT_MS} ms`),
  });

function createMembers<C extends PooledClient>(createClient: () => C): Members<C> {
  const all = new Set<Member<C>>();
  const idle: Member<C>[] = [];
  const proof = createIdleProof(() => idle[0]);
  const waiting = createWaiting();

  const remove = (member: Member<C>): void => {
    all.delete(member);
    member.isGone = true;
    const at = idle.indexOf(member);
    if (at !== -1) idle.splice(at, 1);
    waiting.serve();
  };
  const drop = (member: Member<C>): void => {
    if (!member.isGone) remove(member);
    void member.client.destroy();
  };
  const retire = (member: Member<C>): void => {
    if (member.isGone) return;
    remove(member);
    void member.client.close();
  };
  const returned = (member: Member<C>): void => {
    if (member.isGone) return;
    // Nobody needs a second proof.
    if (member.isWrite && !proof.isGiven && idle.length > 0 && waiting.length === 0) return retire(member);
    member.idleSince = performance.now();
    idle.push(member);
    proof.watch();
    waiting.serve();
  };

  return {
    idle,
    proof,
    get size() {
      return all.size;
    },
    create() {
      const member: Member<C> = { client: createClient(), isWrite: false, isGone: false, idleSince: 0 };
      member.client.on('drain', () => returned(member));
      member.client.on('connectionError', () => drop(member));
      member.client.on('disconnect', (_origin, _targets, error) => {
        if (!isOwnDoing(error)) proof.lost();
        drop(member);
      });
      all.add(member);
      return member;
    },
    drop,
    retire,
    freed: (signal) => waiting.wait(signal),
    async destroy() {
      waiting.refuse(closed());
      await Promise.all([...all].map(({ client }) => client.destroy()));
    },
  };
}

/** Tells whether a connection was closed from this side: it was idle for too long, or its request was aborted. */
const isOwnDoing = (error: Error): boolean => 'code' in error && error.code === 'UND_ERR_INFO';
