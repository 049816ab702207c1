import express from 'express';
import { createLogger } from '../../kit/telemetry/logger.ts';
import {
  type McpNotification,
  type McpRequest,
  type McpResult,
  type McpTool,
  NO_OFFER,
  ProtocolError,
} from '../../mcp/protocol.ts';
import { createMcpFace } from '../../mcp/server/http/mcp-face.ts';
import type { McpCaller, McpService } from '../../mcp/server/mcp-service.ts';
import { MeshError } from '../../kit/faults/errors.ts';
import { endWithTest } from '../../test-kit/end-with-test.ts';
import { serveRaw } from '../../test-kit/raw-server.ts';
import type { Answer } from '../../test-kit/requests.ts';

/** A call of the tool `held`, which ends when a test says so. */
export interface HeldCall {
  readonly caller: McpCaller;
  progress(progress: number): void;
  end(result: McpResult): void;
}

export const TEXT = { content: [{ type: 'text', text: 'done' }] };
const OPEN = { inputSchema: { type: 'object' } };
const TOOLS: readonly McpTool[] = [
  { name: 'echo', ...OPEN },
  { name: 'held', ...OPEN },
  { name: 'ask', ...OPEN },
  { name: 'list', ...OPEN, outputSchema: { type: 'array', items: { $ref: '#/$defs/n' }, $defs: { n: { const: 1 } } } },
  { name: 'marked', inputSchema: { type: 'object', properties: { zone: { type: 'string', 'x-mcp-header': 'Zone' } } } },
];

/** A service whose calls a test can hold, and which a test can change. */
export function fakeService() {
  const held: HeldCall[] = [];
  const listeners = new Set<() => void>();
  const watched = new Map<string, (uri: string) => void>();
  const hold = (caller: McpCaller): Promise<McpResult> => {
    const { promise, resolve, reject } = Promise.withResolvers<McpResult>();
    caller.signal.addEventListener('abort', () => reject(caller.signal.reason));
    held.push({
      caller,
      end: resolve,
      progress: (progress) => caller.notify?.({ method: 'notifications/progress', params: { progress } }),
    });
    return promise;
  };
  const results: Record<string, (request: McpRequest, caller: McpCaller) => Promise<McpResult> | McpResult> = {
    echo: ({ params }) => ({ ...TEXT, structuredContent: params }),
    held: (_request, caller) => hold(caller),
    list: () => ({ content: [], structuredContent: [1] }),
    marked: () => TEXT,
    odd: () => ({
      content: [
        { type: 'text', text: 'a', annotations: null },
        { type: 'video', url: 'v' },
      ],
      structuredContent: null,
      isError: null,
    }),
    broken: () => {
      throw new Error('a bug');
    },
    busy: () => {
      throw new MeshError('unavailable', 'Too many calls');
    },
    refused: () => {
      throw new ProtocolError(-32_042, 'Sign in first', { url: 'https://example.org' });
    },
    ask: async (_request, { ask, signal }) => {
      const answer = await ask?.({ method: 'elicitation/create', params: { message: 'Name?' } }, signal);
      return { content: [{ type: 'text', text: JSON.stringify(answer ?? 'nobody to ask') }] };
    },
  };
  const service: McpService = {
    info: { name: 'fake', version: '1' },
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {} },
    listTtlMs: 1_000,
    offer: () => ({ ...NO_OFFER, tools: TOOLS }),
    tool: (name) => TOOLS.find((tool) => tool.name === name),
    request: async (request, caller) => {
      const run = results[String(request.params['name'])];
      if (run === undefined) throw new MeshError('tool_not_found', 'There is no such tool');
      return run(request, caller);
    },
    changes: {
      onListsChanged(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      watch(uris, listener) {
        for (const uri of uris) watched.set(uri, listener);
        return () => uris.forEach((uri) => watched.delete(uri));
      },
    },
  };
  return {
    service,
    held,
    listeners,
    watched,
    changeLists: () => listeners.forEach((listener) => listener()),
  };
}

/** Serves a service until the test ends. */
export async function serveFace(service: McpService, hasSessions = true) {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const face = createMcpFace({ service, logger, maxBodyBytes: 2 ** 20, hasSessions });
  const app = express();
  app.all('/mcp', face.handler);
  const { url, stop } = await serveRaw(app);
  endWithTest({
    stop: async () => {
      face.close();
      await stop();
    },
  });
  return `${url}/mcp`;
}

export const BOTH = { accept: 'application/json, text/event-stream' };
export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request by a client of 2025. */
export const legacy = (method: string, params: object = {}, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

export interface Params {
  readonly name?: string;
  readonly _meta?: object;
  readonly [key: string]: unknown;
}

/** A request by a client of 2026-07-28, with its headers. */
export function modern(method: string, params: Params = {}) {
  const headers = {
    ...BOTH,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
  };
  return { headers, body: legacy(method, { ...params, _meta: { ...ENVELOPE, ...params._meta } }) };
}

export const HELLO = {
  protocolVersion: '2025-11-25',
  capabilities: { elicitation: {} },
  clientInfo: { name: 'by-hand', version: '1' },
};

/** The messages in an answer, be it JSON or events. */
export const messagesIn = ({ body }: Answer) =>
  typeof body === 'string' ? [...body.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data)) : [body];

/** Reads an answer as it comes. */
export interface StreamReader {
  readonly status: number;
  readonly headers: Headers;
  /** Returns the next event with data, with its id. Undefined at the end. */
  next(): Promise<{ readonly id: string | undefined; readonly message: McpNotification & McpResult } | undefined>;
  leave(): void;
}

export async function openReader(url: string, init: RequestInit): Promise<StreamReader> {
  const gone = new AbortController();
  const { status, headers, body } = await fetch(url, { ...init, signal: gone.signal });
  const pieces = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    status,
    headers,
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end === -1) {
          const piece = await pieces?.read();
          if (piece?.value === undefined) return undefined;
          text += piece.value;
          continue;
        }
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        const [, data] = /^data: (.+)$/m.exec(event) ?? [];
        const [, id] = /^id: (.+)$/m.exec(event) ?? [];
        if (data !== undefined) return { id, message: JSON.parse(data) };
      }
    },
    leave: () => gone.abort(),
  };
}
