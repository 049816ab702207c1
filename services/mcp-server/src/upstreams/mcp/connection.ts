import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  type ClientCapabilities,
  METHOD_NOT_FOUND,
  type PriorDiscovery,
  ProtocolError,
  type ServerCapabilities,
  type SubscriptionFilter,
  type Transport,
} from '@modelcontextprotocol/client';
import { VERSION } from '@toolmesh/shared/kit/service/version';
import { z } from 'zod';
import { createPatience, type Patience } from './idle-timeouts.ts';
import { requestMeta } from './request-meta.ts';
import type { Caller, McpNotification, McpRequest, McpResult, Offer } from '../upstream.ts';

/** What a link hears besides answers. */
export interface LinkEars {
  /** What the hub may be asked over this link. */
  readonly capabilities?: ClientCapabilities;
  /** Hears what is no answer: list changes, log messages. */
  readonly onNotification?: (notification: McpNotification) => void;
  /** Answers what the server asks. Absent: refused. */
  readonly onRequest?: (request: McpRequest, signal: AbortSignal) => Promise<McpResult>;
}

export interface LinkOptions extends LinkEars {
  readonly transport: () => Transport;
  readonly connectTimeoutMs: number;
  /** What an earlier link has found out of the same server; spares the round trips of a connect. */
  readonly prior?: PriorDiscovery;
}

/** How long one request may take: in silence, and in all, in milliseconds. */
type Headers = Readonly<Record<string, string>>;

export interface Clocks {
  readonly idleMs: number;
  readonly totalMs: number;
}

/** One connection to one MCP server, of whatever era. */
export interface McpLink {
  readonly era: 'modern' | 'legacy';
  /** What spares another link the round trips of a connect. */
  readonly prior: PriorDiscovery;
  list(signal: AbortSignal): Promise<Offer>;
  /** Passes a request on and its result back, unchanged. `headers` go with it over HTTP. @throws what the SDK does. */
  request(request: McpRequest, caller: Caller, clocks: Clocks, headers?: Headers): Promise<McpResult>;
  /** Asks to be told of changes: of the lists, and of these resources. Best effort: lists are looked up anyway. */
  watch(uris: ReadonlySet<string>): Promise<void>;
  ping(signal: AbortSignal): Promise<void>;
  /** Resolves when the connection is gone. */
  readonly gone: Promise<Error>;
  close(): Promise<void>;
}

/** How long a stream of notifications that broke is left before another is opened. */
const LISTEN_AGAIN_MS = 1_000;
/** Longest list of one kind that is read from an upstream, in pages. */
const MAX_PAGES = 64;
const Anything = z.record(z.string(), z.unknown());

/** Connects, finding out which era the server speaks unless `prior` says so. @throws what the SDK does. */
export async function openLink({ transport, connectTimeoutMs, prior, ...ears }: LinkOptions): Promise<McpLink> {
  const client = createLinkClient(ears, 'auto', connectTimeoutMs);
  const gone = Promise.withResolvers<Error>();
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is no event target
  client.onclose = () => gone.resolve(new Error('the connection was closed'));
  await client.connect(transport(), { timeout: connectTimeoutMs, ...(prior === undefined ? {} : { prior }) });
  return linkOver(client, gone.promise, connectTimeoutMs);
}

/** The clocks of a client's calls, which stand still while one of them asks something. */
const patienceOf = new WeakMap<Client, Patience>();

/** A client that has not been connected yet, as links need it. */
export function createLinkClient(
  { capabilities = {}, onNotification, onRequest }: LinkEars,
  mode: 'auto' | 'legacy',
  probeMs: number,
): Client {
  const client = new Client(
    { name: 'toolmesh', version: VERSION },
    {
      capabilities,
      versionNegotiation: { mode, probe: { timeoutMs: probeMs } },
      inputRequired: { autoFulfill: false },
      listMaxPages: MAX_PAGES,
    },
  );
  if (onNotification !== undefined) {
    client.fallbackNotificationHandler = async ({ method, params }) => onNotification({ method, params });
  }
  if (onRequest !== undefined) {
    const patience = createPatience();
    patienceOf.set(client, patience);
    client.fallbackRequestHandler = ({ method, params = {} }, { mcpReq }) =>
      patience.during(onRequest({ method, params }, mcpReq.signal));
  }
  return client;
}

/** The link of a client that is connected. `gone` resolves when it is no more. */
export function linkOver(client: Client, gone: Promise<Error>, handshakeMs: number): McpLink {
  const offered = client.getServerCapabilities() ?? {};
  const discover = client.getDiscoverResult();
  const isModern = client.getProtocolEra() === 'modern';
  const patience = patienceOf.get(client) ?? createPatience();
  const watched = watcherOf(client, { offered, isModern, timeout: handshakeMs, gone });
  return {
    era: isModern ? 'modern' : 'legacy',
    prior: isModern && discover !== undefined ? { kind: 'modern', discover } : { kind: 'legacy' },
    list: (signal) => listAll(client, offered, signal, handshakeMs),
    request: async ({ method, params }, caller, { idleMs, totalMs }, headers) => {
      const clock = patience.start(idleMs);
      const sent = { ...params, _meta: requestMeta(params['_meta'], caller, isModern) };
      try {
        return await client.request({ method, params: sent }, Anything, {
          signal: AbortSignal.any([caller.signal, clock.late]),
          timeout: totalMs,
          maxTotalTimeout: totalMs,
          allowInputRequired: true,
          // Asked for in any case: progress starts the clock of silence anew.
          resetTimeoutOnProgress: true,
          onprogress: (update) => {
            clock.restart();
            caller.notify?.({ method: 'notifications/progress', params: { ...update } });
          },
          ...(headers === undefined ? {} : { headers }),
        });
      } finally {
        clock.stop();
      }
    },
    watch: watched,
    ping: async (signal) => {
      const bounds = { signal, timeout: handshakeMs };
      // 2026-07-28 has no ping; what it is says as much.
      await (isModern ? client.discover(bounds) : client.ping(bounds));
    },
    gone,
    close: () => client.close(),
  };
}

async function listAll(client: Client, offered: ServerCapabilities, signal: AbortSignal, timeout: number) {
  const options = { signal, timeout, cacheMode: 'refresh' as const };
  const lists = await Promise.all([
    offered.tools === undefined ? undefined : client.listTools(undefined, options),
    offered.prompts === undefined ? undefined : client.listPrompts(undefined, options),
    offered.resources === undefined ? undefined : client.listResources(undefined, options),
    offered.resources === undefined ? undefined : templatesOf(client, options),
  ]);
  const [tools, prompts, resources, templates] = lists;
  return {
    tools: tools?.tools ?? [],
    prompts: prompts?.prompts ?? [],
    resources: resources?.resources ?? [],
    resourceTemplates: templates?.resourceTemplates ?? [],
  };
}

/** Servers that have resources need not have templates of them. */
async function templatesOf(client: Client, options: { signal: AbortSignal; timeout: number; cacheMode: 'refresh' }) {
  try {
    return await client.listResourceTemplates(undefined, options);
  } catch (error) {
    if (error instanceof ProtocolError && error.code === METHOD_NOT_FOUND) return undefined;
    throw error;
  }
}

interface WatcherOptions {
  readonly offered: ServerCapabilities;
  readonly isModern: boolean;
  readonly timeout: number;
  readonly gone: Promise<unknown>;
}

/** 2025 servers are asked for each resource, and tell of lists unasked; 2026-07-28 has one stream for all of it. */
function watcherOf(client: Client, { offered, isModern, timeout, gone }: WatcherOptions) {
  const mayWatch = offered.resources?.subscribe === true;
  let watched: ReadonlySet<string> = new Set();
  let listening = new AbortController();
  let isGone = false;
  void gone.then(() => {
    isGone = true;
    listening.abort();
  });

  const watchLegacy = async (uris: ReadonlySet<string>): Promise<void> => {
    if (!mayWatch) return;
    const added = [...uris].filter((uri) => !watched.has(uri));
    const dropped = [...watched].filter((uri) => !uris.has(uri));
    watched = new Set(uris);
    await Promise.allSettled([
      ...added.map((uri) => client.subscribeResource({ uri }, { timeout })),
      ...dropped.map((uri) => client.unsubscribeResource({ uri }, { timeout })),
    ]);
  };
  /** Whatever ends a stream that is still wanted, servers and what stands between do: another takes its place. */
  const listen = async (filter: SubscriptionFilter, signal: AbortSignal, opened: () => void): Promise<void> => {
    while (!signal.aborted) {
      const stream = await client.listen(filter, { timeout, signal }).catch(() => undefined);
      opened();
      await stream?.closed;
      await sleep(LISTEN_AGAIN_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  };
  const watchModern = async (uris: ReadonlySet<string>): Promise<void> => {
    const filter = {
      ...(offered.tools?.listChanged === true && { toolsListChanged: true }),
      ...(offered.prompts?.listChanged === true && { promptsListChanged: true }),
      ...(offered.resources?.listChanged === true && { resourcesListChanged: true }),
      ...(mayWatch && uris.size > 0 && { resourceSubscriptions: [...uris] }),
    };
    if (isGone) return;
    const before = listening;
    const mine = new AbortController();
    listening = mine;
    const opened = Promise.withResolvers<void>();
    if (Object.keys(filter).length === 0) opened.resolve();
    else void listen(filter, mine.signal, opened.resolve);
    // Only then, so that nothing is missed in between.
    await opened.promise;
    before.abort();
  };
  return (uris: ReadonlySet<string>) => (isModern ? watchModern(uris) : watchLegacy(uris));
}
