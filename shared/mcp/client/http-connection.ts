import { withDeadline } from '../../kit/faults/deadline.ts';
import { isRecord } from '../../kit/json/is-record.ts';
import type { ConnectionHandlers } from './handlers.ts';
import { connectionOver, type Greeted, type McpConnection, type Prior } from './connection.ts';
import { connectOverDuplex } from './duplex-connection.ts';
import { ConnectionClosed, HttpFailure, NotMcp, OldTransport, RequestTimedOut } from './failures.ts';
import { discover, initialize, negotiate } from './handshake.ts';
import { keepNotificationStream } from './http/notification-stream.ts';
import { sseChannel } from './http/sse-channel.ts';
import { createStreamableHttp, type HttpServer } from './http/streamable-http.ts';
import { createRequestClocks } from './request-clocks.ts';
import { createRpcPeer, type RpcPeer } from './rpc-peer.ts';

export interface ConnectLimits {
  /** Bounds the handshake, until the server has said which revision it speaks. */
  readonly handshakeMs: number;
  /** Bounds a request for one page of a list. */
  readonly listMs: number;
}

export interface HttpConnectOptions extends ConnectionHandlers {
  readonly limits: ConnectLimits;
  /** Gives the handshake up. */
  readonly signal?: AbortSignal | undefined;
  /** From an earlier connection to the same server. */
  readonly prior?: Prior | undefined;
  /** The transport that is tried first: Streamable HTTP, or that of 2024. Default: Streamable HTTP. */
  readonly transport?: 'http' | 'sse' | undefined;
}

/**
 * Connects to an MCP server over HTTP. Requests to one of 2026-07-28 need no connection: each is an exchange of its own.
 * @throws what says why it is no MCP server, or cannot be reached
 */
export function connectOverHttp(server: HttpServer, options: HttpConnectOptions): Promise<McpConnection> {
  const { handshakeMs: ms } = options.limits;
  const late = () => new RequestTimedOut(`did not answer as an MCP server within ${ms} ms`);
  const { signal } = options;
  return withDeadline({ ...(signal && { signal }), ms, late }, (bounded) => open(server, options, bounded));
}

async function open(server: HttpServer, options: HttpConnectOptions, signal: AbortSignal): Promise<McpConnection> {
  const { prior, transport, limits } = options;
  const overSse = (): Promise<McpConnection> =>
    connectOverDuplex(sseChannel(server), { ...options, mode: 'legacy', listMs: limits.listMs, signal });
  if (prior?.era === 'legacy' && prior.transport === 'duplex') return overSse();
  if (prior?.era === 'modern') return greetModern(server, options, { signal, prior });
  const legacy = (bounded: AbortSignal) => greetLegacy(server, options, bounded);
  if (prior !== undefined) return legacy(signal);
  const modern = (bounded: AbortSignal) => greetModern(server, options, { signal: bounded });
  const overHttp = () => negotiate({ modern, legacy, discard: (greeted) => void greeted.close() }, signal);
  // Programs that write mesh.json for others often name the wrong transport.
  return transport === 'sse' ? firstOf(overSse, overHttp, isNoStream) : firstOf(overHttp, overSse, isOfOldTransport);
}

/** Returns what `task` does, or `other` if the failure of `task` speaks for that. @throws what `task` throws */
async function firstOf<T>(
  task: () => Promise<T>,
  other: () => Promise<T>,
  isFor: (error: unknown) => boolean,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!isFor(error)) throw error;
    return await other().catch(() => {
      throw error;
    });
  }
}

const isNoStream = (error: unknown): boolean => error instanceof NotMcp || isOfOldTransport(error);

/** Statuses that speak of the caller, and not of what it sent. */
const OF_CALLER: ReadonlySet<number> = new Set([401, 403, 407, 408, 413, 429]);

/** Returns whether a server may be one of 2024, which refuses what is posted to the address of its stream. */
function isOfOldTransport(error: unknown): boolean {
  if (!(error instanceof HttpFailure)) return error instanceof OldTransport;
  const { status } = error;
  return status === 501 || (status >= 400 && status < 500 && !OF_CALLER.has(status));
}

interface GreetOptions {
  readonly signal: AbortSignal;
  readonly prior?: Prior & { era: 'modern' };
}

async function greetModern(
  server: HttpServer,
  options: HttpConnectOptions,
  known: GreetOptions,
): Promise<McpConnection> {
  const clocks = createRequestClocks();
  const http = createStreamableHttp({ server, era: 'modern', peer: () => peer });
  const peer: RpcPeer = createRpcPeer({ send: http.send, clocks, cancels: false, ...options });
  const { capabilities } = options;
  const found = known.prior?.discover ?? (await discover({ peer, capabilities, signal: known.signal }));
  const offered = found['capabilities'];
  const greeted: Greeted = {
    peer,
    prior: { era: 'modern', discover: found },
    capabilities: isRecord(offered) ? offered : {},
  };
  return finish(greeted, { options, clocks, end: async () => {} });
}

async function greetLegacy(
  server: HttpServer,
  options: HttpConnectOptions,
  signal: AbortSignal,
): Promise<McpConnection> {
  const clocks = createRequestClocks();
  const http = createStreamableHttp({ server, era: 'legacy', peer: () => peer });
  const peer: RpcPeer = createRpcPeer({ send: http.send, clocks, cancels: true, ...options });
  const greeting = initialize({ peer, capabilities: options.capabilities, signal }, http.agreeOn);
  const begun = await greeting.catch(async (error: unknown) => {
    await http.endSession();
    throw error;
  });
  const greeted: Greeted = {
    peer,
    prior: { era: 'legacy', transport: 'http' },
    capabilities: begun.capabilities,
  };
  const streaming = new AbortController();
  const { onStream } = options;
  void keepNotificationStream({ open: http.openStream, receive: peer.receive, onStream }, streaming.signal);
  const end = async () => {
    streaming.abort();
    await http.endSession();
  };
  return finish(greeted, { options, clocks, end });
}

interface Finishing {
  readonly options: HttpConnectOptions;
  readonly clocks: ReturnType<typeof createRequestClocks>;
  readonly end: () => Promise<void>;
}

function finish(greeted: Greeted, { options, clocks, end }: Finishing): McpConnection {
  const closing = new AbortController();
  const close = async () => {
    closing.abort();
    await end();
    greeted.peer.fail(new ConnectionClosed('was let go of before it had answered'));
  };
  const { listMs: listTimeoutMs } = options.limits;
  return connectionOver({ ...greeted, handlers: options, clocks, listTimeoutMs, closed: closing.signal, close });
}
