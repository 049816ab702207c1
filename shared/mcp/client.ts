import { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { MeshError } from '../kit/faults/errors.ts';
import { createLeanFetch } from '../kit/http/lean-fetch.ts';
import { isConnectionFailure, meshErrorOf } from './errors.ts';
import { CHUNK_META_KEY, errorOfResult, SOURCE_META_KEY } from './meta.ts';
import { HttpTransport } from './transport.ts';
import { traceMeta, withMcpSpan } from './span.ts';
import {
  ContentBlock,
  type Progress,
  type Tool,
  ToolAnnotations,
  type ToolResult,
  UpstreamStatus,
} from '../contracts/tool.ts';
import type { ToolContext } from '../kit/tools/tool.ts';
import { elapsed } from '../kit/tools/tool-catalogue.ts';
import { VERSION } from '../kit/service/version.ts';

export interface McpClientOptions {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a call may be silent; progress starts the clock anew. */
  readonly idleTimeoutMs: number;
  /** How long a call may take in all. Default: as long as it makes progress. */
  readonly totalTimeoutMs?: number;
}

/** A connection to one MCP server over Streamable HTTP, whatever revision of the protocol it speaks. */
export interface McpClient {
  /** @throws MeshError when the server cannot be reached or does not speak MCP. */
  listTools(signal?: AbortSignal): Promise<readonly Tool[]>;
  /** @throws MeshError for a call that did not run, here or further on. */
  callTool(name: string, args: unknown, context: ToolContext): Promise<ToolResult>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
/** To find out which protocol a server speaks, and to list its tools. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * Connects at the first use and again after any failure of the connection itself, so that a server that was away
 * is used as soon as it is back. 2026-07-28 servers need no session; older ones get a new one.
 */
export function createMcpClient(options: McpClientOptions): McpClient {
  const { name, url, headers = {}, idleTimeoutMs, totalTimeoutMs } = options;
  const http = createLeanFetch(headers, CONNECT_TIMEOUT_MS);

  let current: Connection | undefined;
  const connect = async (): Promise<Client> => {
    const client = new Client({ name: 'toolmesh', version: VERSION }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new HttpTransport(new URL(url), { fetch: http.fetch }), {
      timeout: HANDSHAKE_TIMEOUT_MS,
    });
    return client;
  };
  /** Leaves a connection that failed; calls that are still under way on it may end. */
  const retire = (connection: Connection): void => {
    if (current === connection) current = undefined;
    if (connection.active > 0 || connection.closed) return;
    connection.closed = true;
    connection.client.then((client) => client.close()).catch(() => {});
  };

  const exchange = async <T>(task: (client: Client) => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const connection = (current ??= { client: connect(), active: 0, closed: false });
    connection.active += 1;
    let failed = false;
    try {
      return await task(await connection.client);
    } catch (error) {
      if (error instanceof MeshError) throw error;
      signal?.throwIfAborted();
      failed = isConnectionFailure(error);
      throw meshErrorOf(name, error);
    } finally {
      connection.active -= 1;
      if (failed || connection !== current) retire(connection);
    }
  };

  return {
    listTools: (signal) =>
      exchange(async (client) => {
        const { tools } = await client.listTools(undefined, {
          cacheMode: 'refresh',
          timeout: HANDSHAKE_TIMEOUT_MS,
          ...(signal && { signal }),
        });
        return tools.map(toTool);
      }, signal),
    callTool: (tool, args, context) =>
      exchange(async (client) => {
        const started = performance.now();
        const call = () =>
          client.request(
            { method: 'tools/call', params: { name: tool, arguments: Arguments.parse(args), _meta: traceMeta() } },
            CallResult,
            {
              signal: context.signal,
              timeout: idleTimeoutMs,
              resetTimeoutOnProgress: true,
              ...(totalTimeoutMs === undefined ? {} : { maxTotalTimeout: totalTimeoutMs }),
              // Asking for progress makes every hop behind us tell it: only where somebody listens.
              ...(context.isListening && { onprogress: (progress: Progress) => passOn(progress, context) }),
            },
          );
        const result = await withMcpSpan({ kind: 'client', method: 'tools/call', target: tool }, call);
        const error = errorOfResult(result);
        if (error !== undefined) throw error;
        return toResult(tool, result, elapsed(started));
      }, context.signal),
    close: async () => {
      if (current !== undefined) retire(current);
      await http.close();
    },
  };
}

interface Connection {
  readonly client: Promise<Client>;
  /** Exchanges under way. */
  active: number;
  closed: boolean;
}

const CallResult = z.looseObject({
  _meta: z.unknown().optional(),
  content: z.array(ContentBlock).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

function toResult(tool: string, result: z.output<typeof CallResult>, duration_ms: number): ToolResult {
  const { content, structuredContent, isError = false } = result;
  return {
    tool,
    is_error: isError,
    content,
    ...(structuredContent === undefined ? {} : { structured_content: structuredContent }),
    duration_ms,
  };
}

const Arguments = z.record(z.string(), z.unknown()).default({});

const Source = z.object({ [SOURCE_META_KEY]: z.object({ server: z.string(), status: UpstreamStatus }) });

function toTool(tool: Awaited<ReturnType<Client['listTools']>>['tools'][number]): Tool {
  const source = Source.safeParse(tool._meta);
  return {
    name: tool.name,
    ...(tool.title === undefined ? {} : { title: tool.title }),
    description: tool.description ?? '',
    input_schema: tool.inputSchema,
    ...(tool.outputSchema === undefined ? {} : { output_schema: tool.outputSchema }),
    annotations: ToolAnnotations.parse(tool.annotations ?? {}),
    ...(source.success ? source.data[SOURCE_META_KEY] : {}),
  };
}

const ProgressMeta = z.object({ _meta: z.object({ [CHUNK_META_KEY]: z.unknown() }) });

function passOn(update: Progress, context: ToolContext): void {
  const chunk = ProgressMeta.safeParse(update);
  if (chunk.success) context.chunk(chunk.data._meta[CHUNK_META_KEY]);
  else context.progress(update);
}
