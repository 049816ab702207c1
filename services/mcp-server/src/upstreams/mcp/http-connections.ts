import { INVALID_REQUEST, ProtocolError } from '@modelcontextprotocol/client';
import { createLeanFetch } from '@toolmesh/shared/kit/http/lean-fetch';
import { HttpTransport } from '@toolmesh/shared/mcp/transport';
import type { LinkSource } from './connections.ts';
import { createSlot, type Slot } from './connection-holder.ts';
import { type LinkOptions, type McpLink, openLink } from './connection.ts';
import { createModernExchange } from './modern-exchange.ts';
import type { Caller, ClientSession, McpNotification, McpRequest, McpResult } from '../upstream.ts';

export interface HttpLinksOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly onNotification: (notification: McpNotification) => void;
}

/** To find out which protocol a server speaks. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * Links to an MCP server over Streamable HTTP. The shared one is opened at the first use and again after any failure
 * of the connection itself, so that a server that was away is used as soon as it is back.
 */
export function createHttpLinks({
  name,
  url,
  headers,
  connectTimeoutMs,
  onNotification,
}: HttpLinksOptions): LinkSource {
  const http = createLeanFetch(headers, connectTimeoutMs);
  const exchange = createModernExchange(`The upstream ${name}`, http, new URL(url));
  const openOver = async (options: Omit<LinkOptions, 'transport' | 'connectTimeoutMs'>): Promise<McpLink> => {
    const transport = new HttpTransport(new URL(url), { fetch: http.fetch });
    const link = await openLink({ transport: () => transport, connectTimeoutMs: HANDSHAKE_TIMEOUT_MS, ...options });
    return { ...link, close: () => transport.leave() };
  };
  let watched: ReadonlySet<string> = new Set();
  const shared = createSlot(async () => {
    const link = await openOver({ onNotification });
    // Best effort: what is not told is found by the next look at the lists.
    link.watch(watched).catch(() => {});
    return link.era === 'modern' ? { ...link, request: exchange } : link;
  });
  const ofSessions = new Map<ClientSession, { readonly slot: Slot; readonly callers: Set<Caller> }>();

  /** Opens a link whose messages and questions go to whoever of `callers` came last. */
  const openFor = async (callers: ReadonlySet<Caller>, signal: AbortSignal): Promise<McpLink> => {
    const [caller] = callers;
    const prior = await shared.withLink(async (link) => link.prior, signal);
    const last = () => [...callers].at(-1);
    return openOver({
      ...(caller === undefined ? {} : { capabilities: caller.capabilities }),
      prior,
      onNotification: (notification) => last()?.notify?.(notification),
      ...(caller?.ask === undefined ? {} : { onRequest: (request, taken) => askOne(last(), request, taken) }),
    });
  };

  /** The link of a client of 2025 to an upstream of 2025 lasts as long as its session: what is done over it adds up. */
  const ofSession = (session: ClientSession) => {
    const known = ofSessions.get(session);
    if (known !== undefined) return known;
    const callers = new Set<Caller>();
    const slot = createSlot(() => openFor(callers, session.ended));
    const made = { slot, callers };
    ofSessions.set(session, made);
    session.ended.addEventListener(
      'abort',
      () => {
        ofSessions.delete(session);
        void slot.close();
      },
      { once: true },
    );
    return made;
  };

  return {
    withLink: shared.withLink,
    async withOwnLink(caller: Caller, task, signal) {
      if (caller.session !== undefined && !caller.session.ended.aborted) {
        const { slot, callers } = ofSession(caller.session);
        callers.add(caller);
        try {
          return await slot.withLink(task, signal);
        } finally {
          callers.delete(caller);
        }
      }
      const link = await openFor(new Set([caller]), signal);
      try {
        return await task(link);
      } finally {
        // The caller need not wait for the farewell.
        void link.close();
      }
    },
    watch: (uris) => {
      watched = new Set(uris);
      shared.current?.then((link) => link.watch(watched)).catch(() => {});
    },
    async close() {
      await Promise.all([shared.close(), ...[...ofSessions.values()].map(({ slot }) => slot.close())]);
      await http.close();
    },
  };
}

async function askOne(caller: Caller | undefined, request: McpRequest, taken: AbortSignal): Promise<McpResult> {
  if (caller?.ask === undefined) throw new ProtocolError(INVALID_REQUEST, 'Nobody is there who could be asked');
  return caller.ask(request, taken);
}
