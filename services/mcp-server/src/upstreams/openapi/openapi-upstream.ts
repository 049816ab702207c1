import type { Tool as McpTool } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import type { OpenApiConfig } from '../../mesh-config.ts';
import { createCallGuard, isHarmless } from '../guard/call-guard.ts';
import { loadOpenApi, type OpenApiTools } from './openapi.ts';
import { createPresence } from '../guard/health-poller.ts';
import { type McpResult, NOTHING, type Offer, type Upstream } from '../upstream.ts';

export interface OpenApiUpstreamOptions {
  readonly name: string;
  readonly config: OpenApiConfig;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
  /** Called when its tools or its status may have changed. */
  readonly onChange: () => void;
}

/** How often a document that could be read is read again, and how often one that could not. */
const REFRESH_MS = 60_000;
const RETRY_MS = 2_000;
const LOOK_TIMEOUT_MS = 30_000;

/** A REST service as an upstream: the operations of its OpenAPI document are its tools. */
export function createOpenApiUpstream(options: OpenApiUpstreamOptions): Upstream {
  const { name, config, defaultTimeoutMs, logger, onChange } = options;
  const called = `The upstream ${name}`;
  let loaded: OpenApiTools | undefined;
  let problems: readonly string[] = [];

  const look = async (signal: AbortSignal): Promise<Offer> => {
    const next = await loadOpenApi({
      name: called,
      document: config.openapi,
      baseUrl: config.base_url,
      headers: config.headers,
      timeoutMs: config.timeout_ms ?? defaultTimeoutMs,
      signal,
    });
    for (const problem of next.problems) {
      if (!problems.includes(problem)) logger.warn({ upstream: name, problem }, 'an operation is left out');
    }
    ({ problems } = next);
    const before = loaded;
    loaded = next;
    // Calls that run over the old connections end by themselves.
    setTimeout(() => void before?.close(), LOOK_TIMEOUT_MS).unref();
    return { ...NOTHING, tools: next.tools.filter((tool) => isOffered(tool, config)).map(toMcpTool) };
  };
  const times = { refreshMs: REFRESH_MS, retryMs: RETRY_MS, lookTimeoutMs: LOOK_TIMEOUT_MS };
  const presence = createPresence({ name, logger, look, onChange, ...times });
  const guard = createCallGuard({ name: called, maxConcurrency: config.max_concurrency, presence });

  const call = async (tool: string, args: unknown, signal: AbortSignal): Promise<McpResult> => {
    if (loaded === undefined) throw new MeshError('unavailable', `${called} has not been reached yet`);
    return toMcpResult(await loaded.call(tool, args, quietContext(signal)));
  };
  const close = async (): Promise<void> => {
    presence.stop();
    await loaded?.close();
  };

  return {
    name,
    kind: 'openapi',
    get status() {
      return presence.status;
    },
    get lastError() {
      return presence.lastError;
    },
    get offer() {
      return presence.offer;
    },
    get breaker() {
      return guard.breaker;
    },
    request(request, { signal }) {
      const { method, params } = request;
      if (method !== 'tools/call') return Promise.reject(new MeshError('not_found', `${called} has tools only`));
      const harmless = isHarmless(request, presence.tool(String(params['name'])));
      const attempt = () => call(String(params['name']), params['arguments'], signal);
      return guard.run(() => guard.exchange(attempt, harmless, signal), harmless, signal);
    },
    watch: () => {},
    async drain(graceMs) {
      presence.stop();
      await guard.drained(graceMs);
      await close();
    },
    close,
  };
}

const isOffered = ({ name }: Tool, { include, exclude = [] }: OpenApiConfig): boolean =>
  (include === undefined || include.includes(name)) && !exclude.includes(name);

function toMcpTool({ name, title, description, input_schema, output_schema, annotations }: Tool): McpTool {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    inputSchema: { ...input_schema, type: 'object' },
    ...(output_schema === undefined ? {} : { outputSchema: { ...output_schema, type: 'object' } }),
    annotations,
  };
}

const toMcpResult = ({ content, structured_content, is_error }: ToolResult): McpResult => ({
  content,
  ...(structured_content === undefined ? {} : { structuredContent: structured_content }),
  ...(is_error ? { isError: true } : {}),
});
