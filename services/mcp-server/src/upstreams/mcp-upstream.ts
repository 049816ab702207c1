import { setTimeout as sleep } from 'node:timers/promises';
import { ProtocolError } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/errors';
import type { Logger } from '@toolmesh/shared/logger';
import { meshErrorOf } from '@toolmesh/shared/mcp-errors';
import { type McpSpanOptions, withMcpSpan } from '@toolmesh/shared/mcp-span';
import { createBreaker, createBulkhead, isUpstreamFault, retry, wasNeverSent } from '@toolmesh/shared/resilience';
import type { UpstreamStatus } from '@toolmesh/shared/tool';
import type { CommandConfig, UrlConfig } from '../mesh-config.ts';
import type { LinkSource } from './links.ts';
import type { Clocks, McpLink } from './mcp-link.ts';
import { paramHeaders } from './param-headers.ts';
import { createParkedCalls } from './parked-calls.ts';
import { type Caller, type McpNotification, type McpRequest, type McpResult, NOTHING, type Offer } from './upstream.ts';
import type { Upstream } from './upstream.ts';

export interface McpUpstreamOptions {
  readonly name: string;
  readonly config: UrlConfig | CommandConfig;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
  /** Makes the way to reach it, given what hears its notifications. */
  readonly links: (onNotification: (notification: McpNotification) => void) => LinkSource;
  /** Called when what it offers or its status may have changed. */
  readonly onChange: () => void;
  readonly onResourceUpdated: (uri: string) => void;
}

/** How often a healthy upstream is asked for its lists. */
const REFRESH_MS = 5_000;
/** How often one that is away is tried. A refused connection costs next to nothing. */
const RECONNECT_MS = 500;
/** Looks that may fail before what was `stale` counts as `down`. */
const STALE_LOOKS = 2;
/** How long a look may take. */
const LOOK_TIMEOUT_MS = 10_000;
const DEFAULT_TOTAL_MS = 3_600_000;
/** Tries after the first, for calls that may be repeated. */
const RETRIES = 2;
/** Questions that one call may lead to. */
const MAX_ROUNDS = 10;

/** An MCP server, however it is reached: its lists looked up again and again, so that it may go and come back. */
export function createMcpUpstream(options: McpUpstreamOptions): Upstream {
  const { name, config, logger, onChange, onResourceUpdated } = options;
  const called = `The upstream ${name}`;
  const breaker = createBreaker({ name: called });
  const bulkhead = createBulkhead({ name: called, limit: config.max_concurrency, queue: config.max_concurrency });
  const closing = new AbortController();
  const parked = createParkedCalls();
  const active = new Set<object>();
  let offer = NOTHING;
  let status: UpstreamStatus = 'down';
  let lastError: string | undefined;
  let failures = 0;

  const onNotification = ({ method, params }: McpNotification): void => {
    if (method === 'notifications/resources/updated') onResourceUpdated(String(params?.['uri']));
    else if (method.endsWith('/list_changed')) void refresh();
  };
  const links = options.links(onNotification);

  const setStatus = (next: UpstreamStatus, error?: MeshError): void => {
    lastError = error?.message;
    if (next === status) return;
    if (next === 'up') logger.info({ upstream: name, tools: offer.tools.length }, 'upstream is up');
    else logger.warn({ upstream: name, status: next, reason: lastError, err: error?.cause }, 'upstream is not up');
    status = next;
    onChange();
  };

  let looking: Promise<void> | undefined;
  /** One look at a time, however many ask for it. */
  const refresh = (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  const look = async (): Promise<void> => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
    try {
      const before = JSON.stringify(offer);
      offer = offeredBy(await links.withLink((link) => link.list(signal), signal), config);
      failures = 0;
      setStatus('up');
      if (JSON.stringify(offer) !== before) onChange();
    } catch (error) {
      if (closing.signal.aborted) return;
      const failure = meshErrorOf(called, error);
      // A pool with all of its processes at work is well.
      if (failure.code === 'unavailable' && (links.workers?.().busy ?? 0) > 0) return;
      failures += 1;
      const isStale = failures <= STALE_LOOKS && offer !== NOTHING;
      setStatus(isStale ? 'stale' : 'down', failure);
    }
  };

  const watchLists = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await refresh();
      await sleep(status === 'up' ? REFRESH_MS : RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
  };
  void watchLists();

  const gone = new MeshError('unavailable', `${called} is being closed`);
  const close = async (): Promise<void> => {
    closing.abort(gone);
    parked.close();
    await links.close();
  };

  const toolOf = ({ method, params }: McpRequest) =>
    method === 'tools/call' ? offer.tools.find((tool) => tool.name === params['name']) : undefined;

  const clocksOf = (request: McpRequest): Clocks => {
    const own = config.tools[toolOf(request)?.name ?? ''];
    const idleMs = own?.timeout_ms ?? config.timeout_ms ?? options.defaultTimeoutMs;
    const totalMs = own?.total_timeout_ms ?? config.total_timeout_ms ?? DEFAULT_TOTAL_MS;
    return { idleMs: Math.min(idleMs, totalMs), totalMs };
  };

  /** One try. What the upstream itself refuses is thrown as it came; what kept it from answering, as a MeshError. */
  const attempt = async (request: McpRequest, caller: Caller): Promise<McpResult> => {
    const clocks = clocksOf(request);
    const headers = paramHeaders(toolOf(request), request.params['arguments']);
    const over = (link: McpLink) => link.request(request, caller, clocks, headers);
    try {
      const done = await links.withLink(async (link) => {
        if (needsOwnLink(link, request, caller)) return undefined;
        return over(link);
      }, caller.signal);
      if (done !== undefined) return done;
      if (!parks(request, caller)) return await links.withOwnLink(caller, over, caller.signal);
      return await parked.begin(caller, (asking) => links.withOwnLink(asking, over, asking.signal));
    } catch (error) {
      caller.signal.throwIfAborted();
      throw error instanceof ProtocolError ? error : meshErrorOf(called, error);
    }
  };

  const guarded = async (request: McpRequest, caller: Caller): Promise<McpResult> => {
    try {
      const result = await breaker.run(() => withMcpSpan(spanOf(request), () => attempt(request, caller)));
      if (status !== 'up') void refresh();
      return result;
    } catch (error) {
      // Real calls tell sooner than the next look that something is wrong.
      if (isUpstreamFault(error) && status === 'up') void refresh();
      throw error;
    }
  };

  const repeated = async (request: McpRequest, caller: Caller): Promise<McpResult> => {
    try {
      return await guarded(request, caller);
    } catch (error) {
      if (!isDropped(error) || !mayRepeat(request)) throw error;
      const again = { retries: RETRIES - 1, isRetryable: isDropped, signal: caller.signal };
      return retry(() => guarded(request, caller), again);
    }
  };

  const mayRepeat = (request: McpRequest): boolean => {
    if (request.method !== 'tools/call') return true;
    const { readOnlyHint, idempotentHint } = toolOf(request)?.annotations ?? {};
    return readOnlyHint === true || idempotentHint === true;
  };

  return {
    name,
    kind: config.kind,
    get status() {
      return status;
    },
    get breaker() {
      return breaker.state;
    },
    get lastError() {
      return lastError;
    },
    get offer() {
      return offer;
    },
    ...(links.workers === undefined ? {} : { workers: links.workers }),
    request: (request, caller) =>
      bulkhead.run(async () => {
        const running = {};
        active.add(running);
        try {
          const resumed = parked.resume(request, caller);
          return await answered(request, caller, resumed ?? repeated(request, caller), repeated);
        } catch (error) {
          throw mayRepeat(request) ? error : withUnknownOutcome(error);
        } finally {
          active.delete(running);
        }
      }, caller.signal),
    watch: links.watch,
    async drain(graceMs) {
      closing.abort(gone);
      const deadline = performance.now() + graceMs;
      while (active.size > 0 && performance.now() < deadline) await sleep(20);
      await close();
    },
    close,
  };
}

const spanOf = ({ method, params }: McpRequest): McpSpanOptions => ({ kind: 'client', method, target: params['name'] });

/** Lost on the way, which another try may not be. A call that is merely late may still be running. */
const isDropped = (error: unknown): boolean => error instanceof MeshError && error.code === 'upstream_failed';

/** Whether a question of a 2025 server has to wait for a 2026-07-28 caller, which answers by calling again. */
const parks = ({ method }: McpRequest, { takesInputRequired, capabilities }: Caller): boolean =>
  takesInputRequired &&
  (capabilities.elicitation ?? capabilities.sampling ?? capabilities.roots) !== undefined &&
  (method === 'tools/call' || method === 'prompts/get' || method === 'resources/read');

/** Whether messages or questions may come that have to find their way to this caller and to nobody else. */
const needsOwnLink = ({ era }: McpLink, request: McpRequest, caller: Caller): boolean =>
  era === 'legacy' && (caller.logLevel !== undefined || caller.ask !== undefined || parks(request, caller));

/**
 * The result of a call, with what the upstream needs to know for it asked of the caller on the way: a 2026-07-28
 * caller is handed the questions as they are, one of 2025 is asked one by one.
 */
async function answered(
  request: McpRequest,
  caller: Caller,
  first: Promise<McpResult>,
  call: (request: McpRequest, caller: Caller) => Promise<McpResult>,
): Promise<McpResult> {
  let result = await first;
  for (let round = 0; result['resultType'] === 'input_required'; round += 1) {
    if (caller.takesInputRequired) return result;
    if (caller.ask === undefined || round === MAX_ROUNDS) {
      throw new MeshError('upstream_failed', 'it needs answers from a user, which this caller cannot give');
    }
    const inputResponses = await askAll(result['inputRequests'], caller.ask, caller.signal);
    const { requestState } = result;
    const params = { ...request.params, inputResponses, ...(requestState === undefined ? {} : { requestState }) };
    result = await call({ ...request, params }, caller);
  }
  return result;
}

async function askAll(questions: unknown, ask: NonNullable<Caller['ask']>, signal: AbortSignal): Promise<McpResult> {
  const asked = Object.entries(Object(questions)).map(async ([key, question]) => {
    const { method, params } = toRequest(question);
    return [key, await ask({ method, params }, signal)] as const;
  });
  return Object.fromEntries(await Promise.all(asked));
}

function toRequest(question: unknown): McpRequest {
  const { method, params }: { method?: unknown; params?: unknown } = Object(question);
  return { method: String(method), params: { ...Object(params) } };
}

/** A write that was cut off may have happened: whoever asked for it must know before asking again. */
function withUnknownOutcome(error: unknown): unknown {
  if (!isUpstreamFault(error) || wasNeverSent(error)) return error;
  return new MeshError(error.code, `${error.message}; whether it ran is unknown, so it was not tried again`, {
    cause: error,
    details: { outcome: 'unknown' },
  });
}

function offeredBy(listed: Offer, { include, exclude = [] }: UrlConfig | CommandConfig): Offer {
  const isOffered = ({ name }: { name: string }) =>
    (include === undefined || include.includes(name)) && !exclude.includes(name);
  return { ...listed, tools: listed.tools.filter(isOffered) };
}
