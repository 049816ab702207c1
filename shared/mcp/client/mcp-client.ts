import { z } from 'zod';
import type { Tool, ToolResult } from '../../contracts/tool.ts';
import { MeshError } from '../../kit/faults/errors.ts';
import type { ToolContext } from '../../kit/tools/tool.ts';
import { elapsed } from '../../kit/tools/tool-catalogue.ts';
import { reportProgress, toTool, toToolResult } from '../codec.ts';
import type { McpConnection } from './connection.ts';
import { createConnectionHolder } from './connection-holder.ts';
import { meshErrorOf } from '../errors.ts';
import { createHttpLink } from './http/http-link.ts';
import { connectOverHttp } from './http-connection.ts';
import { CONVERSATION_META_KEY } from '../meta.ts';
import type { McpResult, Requester } from '../protocol.ts';
import { withMcpSpan } from '../span.ts';

export interface McpClientOptions {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Idle timeout of a call; progress restarts it. */
  readonly idleTimeoutMs: number;
  /** Total timeout of a call. Default: none, as long as it makes progress. */
  readonly totalTimeoutMs?: number;
}

/** A client of one MCP server over Streamable HTTP, of any era of the protocol. */
export interface McpClient {
  /** @throws MeshError when the server cannot be reached or does not speak MCP. */
  listTools(signal?: AbortSignal): Promise<readonly Tool[]>;
  /** @throws MeshError for a call that did not run, here or further on. */
  callTool(name: string, args: unknown, context: ToolContext): Promise<ToolResult>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** The longest that a timer of Node takes: 24 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;
const Arguments = z.record(z.string(), z.unknown()).default({});

/** Makes a client that connects at its first use, and again after its connection failed. */
export function createMcpClient(options: McpClientOptions): McpClient {
  const { name, url, headers = {}, idleTimeoutMs, totalTimeoutMs = NO_LIMIT_MS } = options;
  const link = createHttpLink({ headers, connectMs: CONNECT_TIMEOUT_MS });
  const limits = { handshakeMs: HANDSHAKE_TIMEOUT_MS, listMs: idleTimeoutMs };
  const server = { name, url: new URL(url), link };
  const holder = createConnectionHolder(
    (signal) => connectOverHttp(server, { limits, transport: 'http', signal }),
    idleTimeoutMs,
  );
  const timeouts = { idleMs: idleTimeoutMs, totalMs: totalTimeoutMs };

  const exchange = async <T>(task: (connection: McpConnection) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await holder.withConnection(task, signal);
    } catch (error) {
      if (error instanceof MeshError) throw error;
      signal?.throwIfAborted();
      throw meshErrorOf(name, error);
    }
  };

  return {
    async listTools(signal) {
      const tools = await exchange((connection) => connection.listTools(signal), signal);
      return tools.map(toTool);
    },
    async callTool(tool, args, context) {
      const started = performance.now();
      const params = { name: tool, arguments: Arguments.parse(args), ...conversationMeta(context) };
      const request = { method: 'tools/call', params };
      const call = () =>
        exchange((connection) => connection.request(request, { from: requesterOf(context), timeouts }), context.signal);
      const result = await withMcpSpan({ kind: 'client', method: 'tools/call', target: tool }, call);
      return toToolResult({ tool, source: name, result, durationMs: elapsed(started) });
    },
    async close() {
      await holder.close();
      await link.close();
    },
  };
}

/** Returns the requester of a call by one of our own services, which has no user to ask. */
export function requesterOf(context: ToolContext): Requester {
  return {
    signal: context.signal,
    notify: context.wantsProgress ? (notification) => reportProgress(notification, context) : undefined,
    capabilities: {},
  };
}

/** Returns the `_meta` that names the conversation of a call, if it has one. */
export const conversationMeta = ({ conversation }: ToolContext): { readonly _meta?: McpResult } =>
  conversation === undefined ? {} : { _meta: { [CONVERSATION_META_KEY]: conversation } };
