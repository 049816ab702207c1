import { FILE_PATHS } from '@toolmesh/shared/kit/http/file-routes';
import { createRelay, relayedFiles } from '@toolmesh/shared/kit/http/relay-requests';
import { relayedSessions } from '@toolmesh/shared/kit/http/session-routes';
import { defineService, type Kit } from '@toolmesh/shared/kit/service/define-service';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { createToolSearch } from '@toolmesh/shared/kit/search/tool-search';
import { toolRoutes } from '@toolmesh/shared/kit/tools/tool-routes';
import { createSseFace } from '@toolmesh/shared/mcp/server/http/sse-face';
import type { z } from 'zod';
import { type Catalogue, createCatalogue } from './catalogue.ts';
import { HubConfig } from './config.ts';
import { createConversations, inConversation } from './conversations.ts';
import { conversationRoute } from './faces/conversations.ts';
import { createCallStatistics } from './faces/call-statistics.ts';
import { hubService } from './faces/mcp/hub-service.ts';
import { type CallTickets, createCallTickets } from './code-mode/call-tickets.ts';
import { byTicket, withTickets } from './code-mode/with-tickets.ts';
import { createSetFaces, createSetServices, viewName } from './faces/mcp/set-faces.ts';
import { statsRoutes, type UpstreamStats } from './faces/stats.ts';
import { toolsOf } from './faces/tools.ts';
import { createTickets, ticketRoute } from './faces/websocket/tickets.ts';
import { createWebSocketFace } from './faces/websocket/websocket-face.ts';
import { type Listing, withHubTools } from './hub-tools/with-hub-tools.ts';
import { createMesh } from './mesh.ts';
import { checksOf } from './upstream-checks.ts';
import { loadMeshConfig, type MeshConfig } from './mesh-config/load-mesh-config.ts';
import { createHubMetrics } from './metrics.ts';
import { reloadOnChange } from './reload.ts';
import { readEnvFile } from './mesh-config/variables/read-env-file.ts';
import { makeUpstream } from './upstreams/make-upstream.ts';
import { createJails } from './upstreams/stdio/jail/stdio-jail.ts';
import type { Upstream } from './upstreams/upstream.ts';
import { whileStarting } from './while-starting.ts';
import { createResourceSubscriptions } from './resource-subscriptions.ts';

export { tryEntry } from './try-entry.ts';

/** Time for upstreams to start at the same time as the hub. */
const START_WAIT_MS = 3_000;

export const hub = defineService({
  name: 'mcp-server',
  config: HubConfig,
  build: async ({ config, env, logger, metrics, access, tracing, fail }) => {
    const parts = await assemble({ config, env, logger, metrics, fail });
    const { load, mesh, catalogue, calls, conversations, entryOf } = parts;
    const reload = reloadOnChange({ path: config.MESH_CONFIG, envPath: config.MESH_ENV_FILE, load, mesh, logger });

    const { tools, services, choice } = serveCatalogue(parts, config.MESH_TOOL_LISTING, createCallTickets());
    const shownStats = {
      tools: () => catalogue.offer().tools.length,
      sets: () => choice().sets.keys(),
      upstreams: () => mesh.upstreams.map(figuresOf(catalogue, entryOf)),
      calls,
    };
    const served = { logger, maxBodyBytes: config.MAX_BODY_BYTES };
    const face = createSetFaces({ ...served, services, catalogue, choice });
    const sse = createSseFace({ ...served, service: services(), messagesPath: '/messages' });
    const relay = createRelay({ name: 'The code executor', baseUrl: config.CODE_EXECUTOR_URL, apiKey: config.API_KEY });
    const tickets = createTickets();
    const sockets = createWebSocketFace({ catalogue: tools, config, logger, access, tickets, tracing });
    return {
      routes: [
        ...statsRoutes(shownStats),
        ...toolRoutes(tools),
        conversationRoute(conversations),
        ticketRoute(tickets),
        ...relayedFiles(relay),
        ...relayedSessions(relay),
      ],
      openPaths: FILE_PATHS,
      rawRoutes: { '/mcp': face.handler, '/mcp/:set': face.handler, '/sse': sse.stream, '/messages': sse.messages },
      tools: () => tools.list(),
      checks: () => checksOf(mesh.entries, catalogue),
      started: ({ server }) => sockets.attach(server),
      reload: reload.soon,
      stopping: sockets.stop,
      close: async () => {
        reload.close();
        face.close();
        sse.close();
        conversations.close();
        await Promise.all([mesh.close(), relay.close()]);
      },
    };
  },
});

type Parts = Pick<Kit<z.output<typeof HubConfig>>, 'config' | 'env' | 'logger' | 'metrics' | 'fail'>;

/** Makes the upstreams of mesh.json and the catalogue of what they offer. @throws ConfigError for a mesh.json that is wrong. */
export async function assemble({ config, env, logger, metrics, fail }: Parts) {
  const file = createMeshReader(config, env, logger);
  const hubMetrics = createHubMetrics(metrics, {
    upstreams: () => mesh.upstreams,
    leftOut: (upstream) => catalogue.leftOut(upstream).length,
  });
  const calls = createCallStatistics();
  const conversations = createConversations();
  const timers = [hubMetrics.startCall, calls.startCall];
  const served = createCatalogue({
    timers,
    onRelaxed: hubMetrics.toolRelaxed,
    logger,
  });
  const early = whileStarting(served.request, () => mesh.upstreams);
  const catalogue: Catalogue = { ...served, request: inConversation(early, conversations) };
  const subscriptions = createResourceSubscriptions({
    upstreams: () => mesh.upstreams,
    ownerOf: (uri) => catalogue.ownerOfResource(uri),
  });
  catalogue.onChange(subscriptions.ownersChanged);
  const make = makeUpstream({
    defaultTimeoutMs: config.MCP_REQUEST_TIMEOUT * 1_000,
    workers: {
      min: config.MIN_WORKERS,
      max: config.MAX_WORKERS,
      sessions: config.MAX_SESSION_WORKERS,
      sessionIdleMs: config.SESSION_WORKER_IDLE_MS,
    },
    hostEnv: env,
    makeJail: createJails({ config, hostEnv: env, logger }),
    logger,
    onChange: () => catalogue.rebuild(),
    onResourceUpdated: subscriptions.notifyUpdated,
  });
  const mesh = createMesh({
    make,
    catalogue,
    logger,
    startWaitMs: START_WAIT_MS,
    onConflict: fail,
    graceMs: config.SHUTDOWN_GRACE_MS,
  });
  await mesh.start(file.load());
  return { ...file, mesh, catalogue, subscriptions, calls, timers, conversations };
}

type Assembled = Awaited<ReturnType<typeof assemble>>;

/**
 * Adds the hub's own tools to what the faces show: REST and WebSocket all of it, MCP everything or a set. With `tickets`,
 * programs call back over REST.
 */
export function serveCatalogue(
  { catalogue, subscriptions, mesh, timers }: Assembled,
  listing: Listing,
  tickets?: CallTickets,
) {
  const search = createToolSearch(toolsOf(catalogue).list);
  const choice = () => mesh.choice;
  const service = hubService({ catalogue, subscriptions });
  const callable = tickets === undefined ? catalogue : withTickets(catalogue, tickets, viewName());
  const everything = withHubTools(callable, { search, timers, listing: () => 'full', isPinned: () => false });
  return {
    choice,
    tools: toolsOf(tickets === undefined ? everything : byTicket(everything, tickets)),
    services: createSetServices({ service, catalogue, tickets, listing, choice, search, timers }),
  };
}

/** Remarks on an entry of mesh.json. */
interface ReadEntry {
  readonly writtenName: string | undefined;
  readonly warnings: readonly string[];
}

/** Returns what reads mesh.json and logs, once each, what in it has no effect. */
function createMeshReader(config: Parts['config'], env: NodeJS.ProcessEnv, logger: Logger) {
  const { MESH_CONFIG, MESH_ENV_FILE, API_KEY } = config;
  let read: Pick<MeshConfig, 'writtenNames' | 'warningsOf'> = { writtenNames: new Map(), warningsOf: new Map() };
  let known = new Set<string>();
  return {
    load: (): MeshConfig => {
      const found = loadMeshConfig(MESH_CONFIG, { ...readEnvFile(MESH_ENV_FILE), ...env, API_KEY });
      for (const warning of found.warnings.filter((text) => !known.has(text))) logger.warn({ warning }, 'mesh.json');
      known = new Set(found.warnings);
      read = found;
      return found;
    },
    entryOf: (upstream: string): ReadEntry => ({
      writtenName: read.writtenNames.get(upstream),
      warnings: read.warningsOf.get(upstream) ?? [],
    }),
  };
}

const figuresOf =
  (catalogue: Pick<Catalogue, 'leftOut' | 'warnings'>, entryOf: (upstream: string) => ReadEntry) =>
  ({ name, kind, status, breaker, lastError, failure, offer, workers, isolation }: Upstream): UpstreamStats => ({
    name,
    ...entryOf(name),
    kind,
    status,
    breaker,
    lastError,
    failure,
    tools: offer.tools.length,
    leftOut: catalogue.leftOut(name),
    defects: offer.defects,
    warnings: [...entryOf(name).warnings, ...catalogue.warnings(name)],
    workers: workers?.(),
    isolation: isolation?.(),
  });
