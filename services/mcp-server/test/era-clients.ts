import { setTimeout as sleep } from 'node:timers/promises';
import { Client, LOG_LEVEL_META_KEY, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { Era } from './conformance/fixture.ts';

type Result = Record<string, unknown>;

/** Options of a call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (update: { progress: number; message?: string | undefined }) => void;
  readonly meta?: Record<string, unknown>;
}

/** A client of either era, with a user who says yes to everything. */
export interface EraClient {
  request(method: string, params?: Record<string, unknown>, options?: CallOptions): Promise<Result>;
  /** All notifications so far. */
  readonly notifications: readonly { readonly method: string; readonly params?: unknown }[];
  /** Everything that it was asked, as messages. */
  readonly asked: readonly unknown[];
  /** Subscribes to changes of the lists and of this resource. */
  listen(uri: string): Promise<void>;
  close(): Promise<void>;
}

const Anything = z.record(z.string(), z.unknown());
const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} };

const ROOTS = { roots: [{ uri: 'file:///work', name: 'work' }] };
const completion = () => ({
  role: 'assistant' as const,
  model: 'test-model',
  stopReason: 'endTurn' as const,
  content: { type: 'text' as const, text: 'Paris' },
});

/** Fills in a form: every field with its own name. */
const accept = (schema: unknown) => {
  const properties = Object.keys(Object(Object(schema).properties));
  return { action: 'accept' as const, content: Object.fromEntries(properties.map((key) => [key, `my ${key}`])) };
};

/** The SDK's first version, which speaks 2025-11-25, or its second with 2026-07-28; with a user who thinks so long. */
export const openClient = (era: Era, url: string, thinkMs = 0): Promise<EraClient> =>
  era === 'legacy' ? openOld(url, thinkMs) : openModern(url, thinkMs);

async function openOld(url: string, thinkMs: number): Promise<EraClient> {
  const notifications: { method: string; params?: unknown }[] = [];
  const asked: unknown[] = [];
  const client = new OldClient({ name: 'old', version: '1' }, { capabilities: CAPABILITIES });
  client.fallbackNotificationHandler = async (notification) => void notifications.push(notification);
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push(params.message);
    await sleep(thinkMs);
    return accept('requestedSchema' in params ? params.requestedSchema : {});
  });
  client.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => {
    asked.push(params.messages[0]?.content);
    return completion();
  });
  client.setRequestHandler(ListRootsRequestSchema, async () => ROOTS);
  const transport = new OldTransport(new URL(url));
  await client.connect(transport);
  return {
    notifications,
    asked,
    request: (method, params = {}, { signal, onProgress, meta } = {}) =>
      client.request({ method, params: { ...params, ...(meta && { _meta: meta }) } }, Anything, {
        ...(signal && { signal }),
        ...(onProgress && { onprogress: onProgress }),
      }),
    async listen(uri) {
      await client.subscribeResource({ uri });
    },
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

async function openModern(url: string, thinkMs: number): Promise<EraClient> {
  const notifications: { method: string; params?: unknown }[] = [];
  const asked: unknown[] = [];
  const client = new Client(
    { name: 'new', version: '1' },
    { capabilities: CAPABILITIES, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  client.fallbackNotificationHandler = async (notification) => void notifications.push(notification);
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params.message);
    await sleep(thinkMs);
    return accept('requestedSchema' in params ? params.requestedSchema : {});
  });
  client.setRequestHandler('sampling/createMessage', async ({ params }) => {
    asked.push(params.messages[0]?.content);
    return completion();
  });
  client.setRequestHandler('roots/list', async () => ROOTS);
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return {
    notifications,
    asked,
    request: (method, params = {}, { signal, onProgress, meta } = {}) =>
      client.request({ method, params: { ...params, _meta: { [LOG_LEVEL_META_KEY]: 'info', ...meta } } }, Anything, {
        ...(signal && { signal }),
        ...(onProgress && { onprogress: onProgress }),
      }),
    async listen(uri) {
      await client.listen({ toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: [uri] });
    },
    close: () => client.close(),
  };
}
