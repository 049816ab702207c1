import type { ClientCapabilities } from '../protocol.ts';
import { isRecord } from '../../kit/json/is-record.ts';
import type { ConnectionHandlers } from './handlers.ts';
import { connectionOver, type Greeted, type McpConnection } from './connection.ts';
import type { Duplex, OnText, OpenDuplex } from './duplex.ts';
import { ConnectionClosed } from './failures.ts';
import { discover, initialize, negotiate } from './handshake.ts';
import { readMessages } from './read-message.ts';
import { createRequestClocks } from './request-clocks.ts';
import { createRpcPeer, type RpcPeer } from './rpc-peer.ts';

export interface DuplexConnectOptions extends ConnectionHandlers {
  /** The revisions that are tried: all, or those before 2026-07-28. */
  readonly mode: 'auto' | 'legacy';
  /** Bounds a request for one page of a list. */
  readonly listMs: number;
  /** Bounds the handshake. */
  readonly signal: AbortSignal;
}

/**
 * Connects over a channel that carries messages both ways: standard input and output, or HTTP with server-sent events.
 * The channel is closed if that fails. @throws what says why the other side is no MCP server
 */
export async function connectOverDuplex(open: OpenDuplex, options: DuplexConnectOptions): Promise<McpConnection> {
  const { mode, listMs: listTimeoutMs, signal, ...handlers } = options;
  const clocks = createRequestClocks();
  let channel: Duplex | undefined;
  const peer = createRpcPeer({
    send: async ({ text, signal: sending }) => channel?.write(text, sending),
    clocks,
    cancels: true,
    ...handlers,
  });
  const onText: OnText = (text) => {
    const messages = readMessages(text);
    for (const message of messages) peer.receive(message);
    return messages.length > 0;
  };
  const opened = await open(onText, signal);
  channel = opened;
  const closing = new AbortController();
  void opened.closed.then((reason) => {
    closing.abort();
    handlers.onStream?.(false);
    peer.fail(reason instanceof ConnectionClosed ? reason : new ConnectionClosed(reason.message, { cause: reason }));
  });
  try {
    const greeted = await greet(peer, { mode, capabilities: handlers.capabilities }, signal);
    handlers.onStream?.(true);
    return connectionOver({ ...greeted, handlers, clocks, listTimeoutMs, closed: closing.signal, close: opened.close });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface GreetOptions {
  readonly mode: DuplexConnectOptions['mode'];
  readonly capabilities: ClientCapabilities | undefined;
}

function greet(peer: RpcPeer, { mode, capabilities }: GreetOptions, within: AbortSignal): Promise<Greeted> {
  const modern = async (signal: AbortSignal): Promise<Greeted> => {
    const found = await discover({ peer, capabilities, signal });
    const offered = found['capabilities'];
    return { peer, prior: { era: 'modern', discover: found }, capabilities: isRecord(offered) ? offered : {} };
  };
  const legacy = async (signal: AbortSignal): Promise<Greeted> => {
    const begun = await initialize({ peer, capabilities, signal }, () => {});
    return { peer, prior: { era: 'legacy', transport: 'duplex' }, capabilities: begun.capabilities };
  };
  return mode === 'legacy' ? legacy(within) : negotiate({ modern, legacy, discard: () => {} }, within);
}
