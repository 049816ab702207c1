import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, SubscriptionFilter } from '@modelcontextprotocol/client';

/** Subscribes to changes of the lists and of `uris`, in place of what was subscribed to before. */
export type SubscribeToChanges = (uris: ReadonlySet<string>) => Promise<void>;

export interface ChangeSubscriptionOptions {
  readonly client: Client;
  readonly timeoutMs: number;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<unknown>;
}

/** The pause before a stream of notifications that broke is opened again. */
const REOPEN_AFTER_MS = 1_000;

/**
 * Returns the way to subscribe on a connected client. Servers before 2026-07-28 take a request per resource and announce
 * list changes unasked; those of 2026-07-28 have one stream for all of it.
 */
export function changeSubscription(options: ChangeSubscriptionOptions): SubscribeToChanges {
  return options.client.getProtocolEra() === 'modern' ? streamSubscription(options) : requestSubscription(options);
}

const canSubscribe = (client: Client): boolean => client.getServerCapabilities()?.resources?.subscribe === true;

function requestSubscription({ client, timeoutMs: timeout }: ChangeSubscriptionOptions): SubscribeToChanges {
  let subscribed: ReadonlySet<string> = new Set();
  return async (uris) => {
    if (!canSubscribe(client)) return;
    const added = [...uris].filter((uri) => !subscribed.has(uri));
    const dropped = [...subscribed].filter((uri) => !uris.has(uri));
    subscribed = new Set(uris);
    await Promise.allSettled([
      ...added.map((uri) => client.subscribeResource({ uri }, { timeout })),
      ...dropped.map((uri) => client.unsubscribeResource({ uri }, { timeout })),
    ]);
  };
}

function streamSubscription({ client, timeoutMs: timeout, closed }: ChangeSubscriptionOptions): SubscribeToChanges {
  let current = new AbortController();
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
    current.abort();
  });

  /** Keeps a stream open until `signal` aborts: servers, and proxies before them, end streams that are still wanted. */
  const keepOpen = async (filter: SubscriptionFilter, signal: AbortSignal, opened: () => void): Promise<void> => {
    while (!signal.aborted) {
      const stream = await client.listen(filter, { timeout, signal }).catch(() => undefined);
      opened();
      await stream?.closed;
      await sleep(REOPEN_AFTER_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  };
  return async (uris) => {
    if (isClosed) return;
    const filter = filterFor(client, uris);
    const before = current;
    const mine = new AbortController();
    current = mine;
    const opened = Promise.withResolvers<void>();
    if (Object.keys(filter).length === 0) opened.resolve();
    else void keepOpen(filter, mine.signal, opened.resolve);
    // The stream before ends only then, so that nothing is missed in between.
    await opened.promise;
    before.abort();
  };
}

function filterFor(client: Client, uris: ReadonlySet<string>): SubscriptionFilter {
  const { tools, prompts, resources } = client.getServerCapabilities() ?? {};
  return {
    ...(tools?.listChanged === true && { toolsListChanged: true }),
    ...(prompts?.listChanged === true && { promptsListChanged: true }),
    ...(resources?.listChanged === true && { resourcesListChanged: true }),
    ...(canSubscribe(client) && uris.size > 0 && { resourceSubscriptions: [...uris] }),
  };
}
