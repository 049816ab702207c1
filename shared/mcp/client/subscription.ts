import { setTimeout as sleep } from 'node:timers/promises';
import { METHOD_NOT_FOUND, type McpNotification, type McpResult, ProtocolError } from '../protocol.ts';
import type { ConnectionHandlers } from './handlers.ts';
import { encodeOwnParams } from './era.ts';
import type { Ask } from './outgoing.ts';
import type { RpcPeer } from './rpc-peer.ts';

/** Subscribes to changes of the lists and of `uris`, in place of what was subscribed to before. */
export type SubscribeToChanges = (uris: ReadonlySet<string>) => Promise<void>;

export interface SubscriptionOptions {
  readonly peer: RpcPeer;
  readonly ask: Ask;
  /** The server's. */
  readonly capabilities: McpResult;
  readonly handlers: ConnectionHandlers;
  /** Bounds the opening of a stream. */
  readonly timeoutMs: number;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
}

/** The pause before a stream of notifications that broke is opened again, doubled each time that it does not open. */
const REOPEN_AFTER_MS = 1_000;
const MAX_REOPEN_AFTER_MS = 60_000;

const canSubscribe = ({ resources }: McpResult): boolean => Object(resources)['subscribe'] === true;

/** Subscribes at servers before 2026-07-28, which take a request per resource and announce list changes unasked. */
export function requestSubscription({ ask, capabilities, closed }: SubscriptionOptions): SubscribeToChanges {
  let subscribed: ReadonlySet<string> = new Set();
  return async (uris) => {
    if (!canSubscribe(capabilities)) return;
    const added = [...uris].filter((uri) => !subscribed.has(uri));
    const dropped = [...subscribed].filter((uri) => !uris.has(uri));
    subscribed = new Set(uris);
    await Promise.allSettled([
      ...added.map((uri) => ask('resources/subscribe', { uri }, closed)),
      ...dropped.map((uri) => ask('resources/unsubscribe', { uri }, closed)),
    ]);
  };
}

/** Subscribes at servers of 2026-07-28, which have one stream for all of it. */
export function streamSubscription(options: SubscriptionOptions): SubscribeToChanges {
  const { capabilities, timeoutMs, closed } = options;
  let current = new AbortController();
  closed.addEventListener('abort', () => current.abort(), { once: true });
  return async (uris) => {
    if (closed.aborted) return;
    const filter = filterFor(capabilities, uris);
    const before = current;
    const mine = new AbortController();
    current = mine;
    const opened = Promise.withResolvers<void>();
    if (Object.keys(filter).length === 0) opened.resolve();
    else void keepOpen(options, { filter, signal: mine.signal, onOpened: opened.resolve }).then(opened.resolve);
    // The stream before ends only then, so that nothing is missed in between.
    await Promise.race([
      opened.promise,
      sleep(timeoutMs, undefined, { signal: mine.signal, ref: false }).catch(() => {}),
    ]);
    before.abort();
  };
}

interface Listening {
  readonly filter: McpResult;
  readonly signal: AbortSignal;
  readonly onOpened: () => void;
}

/** Keeps a stream open until `signal` aborts: servers, and proxies before them, end streams that are still wanted. */
async function keepOpen(
  { peer, handlers }: SubscriptionOptions,
  { filter, signal, onOpened }: Listening,
): Promise<void> {
  let pauseMs = REOPEN_AFTER_MS;
  const listening = {
    method: 'subscriptions/listen',
    params: () => encodeOwnParams('modern', { notifications: filter }, handlers.capabilities),
    signal,
    onNotification(notification: McpNotification) {
      pauseMs = REOPEN_AFTER_MS;
      if (notification.method !== 'notifications/subscriptions/acknowledged') {
        return handlers.onNotification?.(notification);
      }
      onOpened();
      return handlers.onStream?.(true);
    },
  };
  while (!signal.aborted) {
    const failure: unknown = await peer.request(listening).catch((error: unknown) => error);
    // Another one may have taken its place.
    if (!signal.aborted) handlers.onStream?.(false);
    if (failure instanceof ProtocolError && failure.code === METHOD_NOT_FOUND) return;
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, MAX_REOPEN_AFTER_MS);
  }
}

function filterFor(capabilities: McpResult, uris: ReadonlySet<string>): McpResult {
  const announces = (kind: string) => Object(capabilities[kind])['listChanged'] === true;
  return {
    ...(announces('tools') && { toolsListChanged: true }),
    ...(announces('prompts') && { promptsListChanged: true }),
    ...(announces('resources') && { resourcesListChanged: true }),
    ...(canSubscribe(capabilities) && uris.size > 0 && { resourceSubscriptions: [...uris] }),
  };
}
