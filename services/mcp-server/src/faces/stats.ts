import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';
import { VERSION } from '@toolmesh/shared/kit/service/version';
import type { LeftOut } from '../catalogue/claims.ts';
import type { UpstreamFailure } from '../upstreams/guard/failure-facts.ts';
import type { WorkerPoolStats } from '../upstreams/pool/worker-pool.ts';
import type { Isolation } from '../upstreams/stdio/jail/stdio-jail.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { CallStatistics } from './call-statistics.ts';

/** An upstream as `GET /stats` shows it. */
export interface UpstreamStats {
  readonly name: string;
  readonly kind: Upstream['kind'];
  /** The name in mesh.json, where that is not valid as a name. */
  readonly writtenName?: string | undefined;
  readonly status: UpstreamStatus;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** Number of tools it offers. */
  readonly tools: number;
  /** The offers that are left out. */
  readonly leftOut?: readonly LeftOut[];
  /** The parts of its lists that are mended or left out. */
  readonly defects?: readonly Defect[];
  /** Settings of mesh.json that do not fit what it offers. */
  readonly warnings?: readonly string[];
  /** In words for an operator. */
  readonly lastError?: string | undefined;
  readonly failure?: UpstreamFailure | undefined;
  readonly workers?: WorkerPoolStats | undefined;
  readonly isolation?: Isolation | undefined;
}

export interface StatsOptions {
  /** Returns the number of tools of all upstreams. */
  readonly tools: () => number;
  /** Returns the names of the sets of tools. */
  readonly sets: () => Iterable<string>;
  readonly upstreams: () => readonly UpstreamStats[];
  readonly calls: Pick<CallStatistics, 'snapshot'>;
}

/** `GET /` and `GET /stats` (contract, section 4). */
export function statsRoutes({ tools, sets, upstreams, calls }: StatsOptions): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/',
      summary: 'The service, its endpoints, and the number of tools and upstreams',
      handle: () => describe({ tools: tools(), sets: [...sets()], upstreams: upstreams() }),
    }),
    defineRoute({
      method: 'get',
      path: '/stats',
      summary: 'Calls, their times by tool, and the state of each upstream',
      handle: () => ({
        uptime_seconds: uptimeSeconds(),
        ...calls.snapshot(),
        upstreams: Object.fromEntries(upstreams().map(({ name, ...upstream }) => [name, describeUpstream(upstream)])),
      }),
    }),
  ];
}

interface Described {
  readonly tools: number;
  readonly sets: readonly string[];
  readonly upstreams: readonly UpstreamStats[];
}

function describe({ tools, sets, upstreams }: Described) {
  return {
    name: 'toolmesh',
    service: 'mcp-server',
    version: VERSION,
    description: 'One endpoint for the tools of many servers: over MCP, REST, server-sent events and WebSocket.',
    uptime_seconds: uptimeSeconds(),
    endpoints: {
      mcp: '/mcp',
      sse: '/sse',
      tools: 'GET /tools',
      call: 'POST /tools/{name}',
      stream: 'POST /tools/{name}/stream',
      websocket: 'WS /ws/tools/{name}',
      stats: 'GET /stats',
      health: 'GET /health',
      ready: 'GET /ready',
      metrics: 'GET /metrics',
      openapi: 'GET /openapi.json',
      docs: 'GET /docs',
    },
    counts: {
      tools,
      upstreams: upstreams.length,
      upstreams_up: upstreams.filter(({ status }) => status === 'up').length,
    },
    sets: Object.fromEntries(sets.map((name) => [name, `/mcp/${name}`])),
  };
}

/** Names, and defects, that are listed for each upstream. */
const MAX_LISTED = 100;
/** A server chooses part of the words. */
const MAX_REASON_CHARS = 1_000;

function describeUpstream(upstream: Omit<UpstreamStats, 'name'>) {
  const { kind, status, breaker, tools, writtenName, lastError, failure, workers, isolation } = upstream;
  const { leftOut = [], defects = [], warnings = [] } = upstream;
  return {
    ...(writtenName === undefined ? {} : { name: writtenName }),
    kind,
    status,
    breaker,
    tools,
    ...(leftOut.length === 0 ? {} : { left_out: leftOut.slice(0, MAX_LISTED) }),
    ...(defects.length === 0 ? {} : { defects: defects.slice(0, MAX_LISTED).map(shown) }),
    ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, MAX_LISTED) }),
    ...(lastError === undefined ? {} : { last_error: lastError }),
    ...(failure === undefined ? {} : { failure }),
    ...(workers === undefined ? {} : { workers }),
    ...describeIsolation(isolation),
  };
}

function describeIsolation(isolation: Isolation | undefined) {
  if (isolation === undefined) return {};
  const { sandbox, reason } = isolation;
  return { sandbox, ...(reason === undefined ? {} : { sandbox_reason: reason }) };
}

const shown = ({ name, reason, ...defect }: Defect) => ({
  ...defect,
  name: name.slice(0, 128),
  reason: reason.slice(0, MAX_REASON_CHARS),
});

const uptimeSeconds = (): number => Math.round(process.uptime() * 1_000) / 1_000;
