import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { createRedactor } from '@toolmesh/shared/kit/text/redact';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { toMcpResult, toMcpTool } from '@toolmesh/shared/mcp/codec';
import { NOTHING_READ, type ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { McpResult } from '@toolmesh/shared/mcp/protocol';
import type { OpenApiConfig } from '../../mesh-config/openapi-entry.ts';
import { assembleUpstream } from '../assemble-upstream.ts';
import { createCallGuard, isHarmless } from '../guard/call-guard.ts';
import { createHealthPoller } from '../guard/health-poller.ts';
import { timeoutsFor } from '../request-timeouts.ts';
import type { Upstream } from '../upstream.ts';
import { megabytes } from './document/load-service.ts';
import { loadOpenApi, type OpenApiTools } from './openapi.ts';

export interface OpenApiUpstreamOptions {
  readonly name: string;
  readonly config: OpenApiConfig;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
  /** Called when its tools or its status may have changed. */
  readonly onChange: () => void;
}

/** Default time between two requests for the document. */
const LIST_MS = 60_000;
/** The shortest pause while it cannot be read. */
const DOWN_MS = 2_000;
/** To read a document, which may be large. */
const LOAD_TIMEOUT_MS = 60_000;
/** Documents of which the log says that they are read. */
const LARGE_BYTES = 8_000_000;
/** Time for calls over connections that are no longer used. */
const GRACE_MS = 30_000;

/** Makes an upstream of a REST service: the operations of its OpenAPI document are its tools. */
export function createOpenApiUpstream(options: OpenApiUpstreamOptions): Upstream {
  const { name, config, logger, onChange } = options;
  const displayName = `The upstream ${name}`;
  const api = createPolledApi(displayName, options);
  const intervals = { checkMs: undefined, listMs: config.list_interval_ms ?? LIST_MS, downMs: DOWN_MS };
  const poller = createHealthPoller({
    name,
    displayName,
    logger,
    redact: createRedactor(secretsOf(config)),
    poll: api.poll,
    intervals: () => intervals,
    timeoutMs: 4 * Math.max(LOAD_TIMEOUT_MS, config.timeout_ms ?? 0),
    onChange,
  });
  const guard = createCallGuard({ name: displayName, maxConcurrency: config.max_concurrency, poller });
  return assembleUpstream({
    name,
    kind: 'openapi',
    poller,
    guard,
    starting: () => api.reading,
    request(request, { signal }) {
      const { method, params } = request;
      if (method !== 'tools/call') return Promise.reject(new MeshError('not_found', `${displayName} has tools only`));
      const tool = String(params['name']);
      const harmless = isHarmless(request, poller.tool(tool));
      const attempt = () => api.call(tool, params['arguments'], signal);
      return guard.run(() => guard.exchange(attempt, harmless, signal), harmless, signal);
    },
    subscribe: () => {},
    release: api.close,
  });
}

/** Returns the keys of an entry, by names that say that they are secret. */
const secretsOf = ({ headers, query, credentials }: OpenApiConfig): Readonly<Record<string, string>> => ({
  ...headers,
  ...Object.fromEntries(Object.entries({ ...query, ...credentials }).map(([key, value]) => [`key ${key}`, value])),
});

/** The API as its document described it at the last poll. */
function createPolledApi(displayName: string, options: OpenApiUpstreamOptions) {
  const { name, config, defaultTimeoutMs, logger } = options;
  let current: OpenApiTools | undefined;
  let offer: ReadOffer | undefined;
  let reading: string | undefined;
  return {
    get reading() {
      return reading;
    },
    async poll(signal: AbortSignal): Promise<ReadOffer> {
      const next = await loadOpenApi({
        name: displayName,
        document: config.openapi,
        baseUrl: config.base_url,
        headers: config.headers,
        query: config.query,
        credentials: config.credentials,
        outputSchemas: config.output_schemas,
        selection: { include: config.include, exclude: config.exclude },
        maxListChars: config.max_list_bytes,
        timeoutsFor: (tool) => timeoutsFor(tool, config, defaultTimeoutMs),
        connectTimeoutMs: config.connect_timeout_ms,
        loadTimeoutMs: Math.max(LOAD_TIMEOUT_MS, config.timeout_ms ?? 0),
        previous: current,
        onReading(bytes) {
          reading = `reading the document, ${megabytes(bytes)}`;
          if (bytes > LARGE_BYTES) logger.info({ upstream: name, bytes }, 'reading a large document');
        },
        signal,
      });
      reading = undefined;
      if (next === current && offer !== undefined) return offer;
      const before = current;
      current = next;
      // Calls that are under way over the old connections end by themselves.
      if (before !== next) setTimeout(() => void before?.close(), GRACE_MS).unref();
      offer = { ...NOTHING_READ, tools: next.tools.map(toMcpTool), defects: next.defects };
      return offer;
    },
    async call(tool: string, args: unknown, signal: AbortSignal): Promise<McpResult> {
      if (current === undefined) {
        throw new MeshError(
          'unavailable',
          `${displayName} ${reading === undefined ? 'has not been reached yet' : `is ${reading}`}`,
        );
      }
      return toMcpResult(await current.call(tool, args, quietContext(signal)));
    },
    close: async (): Promise<void> => current?.close(),
  };
}
