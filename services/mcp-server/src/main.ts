import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError, serviceConfig } from '@toolmesh/shared/config';
import { MeshError } from '@toolmesh/shared/errors';
import { mcpFace } from '@toolmesh/shared/mcp-routes';
import { runService } from '@toolmesh/shared/service';
import { toolRoutes } from '@toolmesh/shared/tool-routes';
import { z } from 'zod';
import { createHubCatalogue } from './catalogue.ts';
import { loadMeshConfig } from './mesh-config.ts';
import { createHubMetrics } from './metrics.ts';
import { createHttpUpstream } from './upstreams/http-upstream.ts';
import type { Upstream } from './upstreams/upstream.ts';

const HubConfig = serviceConfig(8000, {
  MESH_CONFIG: z.string().default(fileURLToPath(new URL('../../../mesh.json', import.meta.url))),
  /** How long a call may be silent, in seconds; mesh.json may say otherwise for an upstream. */
  MCP_REQUEST_TIMEOUT: z.coerce.number().positive().default(60),
});

/** How long the start waits for upstreams that are just starting, too. */
const START_WAIT_MS = 3_000;
/** How long a client may keep the list of tools: upstreams come and go. */
const LIST_TTL_MS = 2_000;

await runService({
  name: 'mcp-server',
  config: HubConfig,
  build: async ({ config, logger, metrics }) => {
    const mesh = loadMeshConfig(config.MESH_CONFIG, { ...process.env, API_KEY: config.API_KEY });
    const upstreams: Upstream[] = [];
    const hubMetrics = createHubMetrics(metrics, () => upstreams);
    const catalogue = createHubCatalogue(upstreams, hubMetrics, logger);
    for (const [name, upstream] of Object.entries(mesh.mcpServers)) {
      const defaultTimeoutMs = config.MCP_REQUEST_TIMEOUT * 1_000;
      const onChange = () => catalogue.rebuild();
      upstreams.push(createHttpUpstream({ name, config: upstream, defaultTimeoutMs, logger, onChange }));
    }
    await untilUp(upstreams, START_WAIT_MS);
    if (catalogue.conflicts().length > 0) throw new ConfigError(catalogue.conflicts().join('\n'));

    const face = { name: 'mcp-server', logger, maxBodyBytes: config.MAX_BODY_BYTES, listTtlMs: LIST_TTL_MS };
    return {
      routes: toolRoutes(catalogue),
      rawRoutes: { '/mcp': mcpFace(catalogue, face) },
      tools: () => catalogue.list(),
      checks: Object.fromEntries(upstreams.map((upstream) => [upstream.name, () => requireUp(upstream)])),
      close: async () => {
        await Promise.all(upstreams.map((upstream) => upstream.close()));
      },
    };
  },
});

/** Waits until all are up, or the time is. */
async function untilUp(upstreams: readonly Upstream[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (upstreams.some(({ status }) => status !== 'up') && performance.now() < deadline) await sleep(20);
}

function requireUp({ status, lastError }: Upstream): void {
  if (status !== 'up') throw new MeshError('unavailable', `${status}: ${lastError ?? 'not tried yet'}`);
}
