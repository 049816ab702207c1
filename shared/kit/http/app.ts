import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import { type Access, createAccess, guardAccess, isTrusted } from './access.ts';
import { PROBES } from './access/host.ts';
import type { BaseConfig } from '../service/config.ts';
import { MeshError } from '../faults/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { answerError, answerUnknown } from './error-answers.ts';
import { BODY_IDLE_MS } from './json-body.ts';
import { docsPage, openApiDocument } from './openapi.ts';
import { type Checks, readinessOf, withoutDetails } from './readiness.ts';
import {
  type CallerIds,
  currentContext,
  openContext,
  PUBLIC_URL_HEADER,
  runInContext,
} from '../telemetry/request-context.ts';
import type { Recorder } from '../telemetry/span.ts';
import { routeOf, statusOf, traceRequest } from '../telemetry/request-span.ts';
import { mountRoutes, type Route } from './route.ts';
import type { Tool } from '../../contracts/tool.ts';
import { VERSION } from '../service/version.ts';

export interface AppOptions {
  readonly service: string;
  readonly config: BaseConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly routes: readonly Route[];
  /** Handlers that read the raw request themselves: `/mcp`, static pages. */
  readonly rawRoutes?: Readonly<Record<string, RequestHandler>>;
  /** Decides who may call. Default: made of the settings, for a service that needs it nowhere else. */
  readonly access?: Access;
  /** Paths that need no key, besides the probes and the documentation; `/x/*` is all below `/x/`. */
  readonly openPaths?: readonly string[];
  /** The tools to document; asked at each request, for a catalogue may change. */
  readonly tools?: () => readonly Tool[];
  /** The checks of `/ready`; a function where they change. */
  readonly checks?: Checks | (() => Checks);
  /** Records the spans of requests. */
  readonly tracing?: Recorder | undefined;
  /** Overrides and additions to the body of `/health`. */
  readonly health?: () => Promise<object>;
}

export interface App {
  readonly handler: Express;
  /** Requests under way and the phase of a graceful stop; `listen` reads and switches it. */
  readonly traffic: Traffic;
}

interface Traffic {
  active: number;
  /** `draining`: `/ready` says no, what still comes is served. `refusing`: what still comes is turned away. */
  phase: 'open' | 'draining' | 'refusing';
}

/**
 * Says that an answer is open for as long as its reader wants, such as a stream of notifications: it does not count as
 * a request under way, and a graceful stop ends it instead of waiting for it.
 */
export function leaveOpen(res: Response): void {
  const leave: unknown = res.locals['leaveOpen'];
  if (typeof leave === 'function') leave();
}

/** Builds the app that every service shares: ids, metrics, access, probes, documentation, one error handler. */
export function createApp(options: AppOptions): App {
  const { config, logger, metrics, tracing, routes, rawRoutes = {}, openPaths = [] } = options;
  const { access = createAccess(config, { logger, failures: metrics.http.authFailures }) } = options;
  const traffic: Traffic = { active: 0, phase: 'open' };
  const probes = probeRoutes(options, traffic);
  const documented = (tools: readonly Tool[]) =>
    openApiDocument({
      title: options.service,
      version: VERSION,
      routes: [...probes, ...routes],
      tools,
    });
  const app = express();
  app.set('etag', false);

  app.use(identifyRequest(config.PUBLIC_URL, tracing), measureRequest(metrics, traffic, logger), securityHeaders());
  app.use(...guardAccess({ access, config, openPaths }), refuseWhileStopping(traffic));
  mountRoutes(app, [...probes, ...routes], config.MAX_BODY_BYTES);
  app.get('/openapi.json', (_req, res) => void res.json(documented(isTrusted(res) ? (options.tools?.() ?? []) : [])));
  app.use('/docs', ...docsPage());
  for (const [path, handler] of Object.entries(rawRoutes)) app.all(path, handler);
  app.use(answerUnknown([...probes, ...routes]));
  app.use(answerError(logger));
  return { handler: app, traffic };
}

function probeRoutes(options: AppOptions, traffic: Traffic): readonly Route[] {
  const { service, metrics, checks = {}, health = async () => ({}) } = options;
  return [
    {
      method: 'get',
      path: '/health',
      summary: 'Whether the process answers',
      input: {},
      handler: async (_req, res) => {
        const uptime_seconds = Math.round(process.uptime() * 1_000) / 1_000;
        res.json({ status: 'healthy', service, version: VERSION, uptime_seconds, ...(await health()) });
      },
    },
    {
      method: 'get',
      path: '/ready',
      summary: 'Whether the service can do its work, and what it lacks if not',
      input: {},
      handler: async (_req, res) => {
        const readiness = await readinessOf({
          ...(typeof checks === 'function' ? checks() : checks),
          ...(traffic.phase === 'open' ? {} : { stopping: refuse }),
        });
        const shown = isTrusted(res) ? readiness : withoutDetails(readiness);
        res.status(readiness.status === 'ready' ? 200 : 503).json(shown);
      },
    },
    {
      method: 'get',
      path: '/metrics',
      summary: 'Metrics in the Prometheus text format',
      input: {},
      handler: async (_req, res) => {
        res.type(metrics.contentType).send(await metrics.text());
      },
    },
  ];
}

function refuse(): never {
  throw new MeshError('unavailable', 'the service is shutting down');
}

function identifyRequest(publicUrl: string | undefined, recorder: Recorder | undefined): RequestHandler {
  return (req, res, next) => {
    const context = openContext({ ...idsOf(req), publicUrl: publicUrlOf(req, publicUrl) }, recorder);
    res.locals['requestId'] = context.requestId;
    res.set('x-request-id', context.requestId);
    runInContext(context, () => (PROBES.has(req.path) ? next() : traceRequest(req, res, next)));
  };
}

const idsOf = (req: Request): CallerIds => ({
  requestId: req.get('x-request-id'),
  traceparent: req.get('traceparent'),
  baggage: req.get('baggage'),
});

/** An address of ours: no path that ends in a slash, no query, nothing that a header or a URL would need to escape. */
const PUBLIC_URL = /^https?:\/\/[A-Za-z0-9.:[\]/_~-]{1,300}(?<!\/)$/;

/** Returns the address that the caller knows: as the service before this one names it, the setting says, or it came to. */
function publicUrlOf(req: Request, setting: string | undefined): string | undefined {
  const named = req.get(PUBLIC_URL_HEADER);
  if (named !== undefined && PUBLIC_URL.test(named)) return named;
  const address = setting ?? `http://${req.get('host') ?? ''}`;
  return PUBLIC_URL.test(address) ? address : undefined;
}

function measureRequest({ http }: Metrics, traffic: Traffic, logger: Logger): RequestHandler {
  return (req, res, next) => {
    const { method } = req;
    const context = currentContext();
    const started = performance.now();
    traffic.active += 1;
    http.inFlight.inc();
    let counts = true;
    const release = () => {
      if (counts) traffic.active -= 1;
      counts = false;
    };
    res.locals['leaveOpen'] = release;
    res.once('close', () => {
      release();
      // An answer that needed no body does not wait for one that never comes.
      if (!req.complete) req.socket.setTimeout(BODY_IDLE_MS);
      http.inFlight.dec();
      const route = routeOf(req);
      const status = statusOf(res);
      const durationMs = performance.now() - started;
      http.requests.inc({ method, route, status });
      http.seconds.observe({ method, route }, durationMs / 1_000);
      if (logger.isLevelEnabled('debug')) {
        // What closes a connection is no part of the request; its line is.
        const log = () =>
          logger.debug({ method, route, status, duration_ms: Math.round(durationMs) }, 'request answered');
        if (context === undefined) log();
        else runInContext(context, log);
      }
    });
    next();
  };
}

function securityHeaders(): RequestHandler {
  // Both settings belong to whoever terminates TLS; on plain HTTP they break the pages of a host that is not localhost.
  const directives = { upgradeInsecureRequests: null };
  const protect = helmet({ strictTransportSecurity: false, contentSecurityPolicy: { directives } });
  return (req, res, next) => {
    // Nothing that a service says is for the disk of a browser or a proxy; what is public says so itself.
    res.setHeader('cache-control', 'no-store');
    protect(req, res, next);
  };
}

function refuseWhileStopping(traffic: Traffic): RequestHandler {
  return (req, res, next) => {
    if (traffic.phase === 'open') return next();
    res.set('connection', 'close');
    if (traffic.phase === 'draining' || PROBES.has(req.path)) return next();
    throw new MeshError('unavailable', 'The service is shutting down');
  };
}
