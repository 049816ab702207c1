import { fileURLToPath } from 'node:url';
import { bodyBytes, commaList, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';

/** The settings of the hub. */
export const HubConfig = serviceConfig(8000, {
  MAX_BODY_BYTES: bodyBytes(16),
  MESH_CONFIG: z
    .string()
    .default(fileURLToPath(new URL('../../../mesh.json', import.meta.url)))
    .describe('File that lists the upstreams.'),
  MESH_ENV_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File of further variables that `mesh.json` may name, in the form of `.env`, read again with each change of either; one of the environment wins. `npm start` names `.env`.',
    ),
  MESH_CACHE_DIR: z
    .string()
    .default(fileURLToPath(new URL('../../../data/mcp-server', import.meta.url)))
    .describe('Folder of what commands in `mesh.json` keep between starts: one home each.'),
  MESH_PRIVATE_FOLDERS: commaList
    .default([])
    .describe(
      'Folders that no command sees, besides the mesh’s own. `npm start` adds the data folders of all services.',
    ),
  MESH_TOOL_LISTING: z
    .enum(['full', 'search'])
    .default('full')
    .describe(
      'Tools that a list over MCP has: all (`full`), or `search_tools` and `call_tool` instead of a long list (`search`). Sets in `mesh.json` and `?listing=` override it.',
    ),
  CODE_EXECUTOR_URL: z
    .url()
    .default('http://localhost:8004')
    .describe('Address of the code executor, for the routes of files and sessions. `mesh.json` names it as well.'),
  MCP_REQUEST_TIMEOUT: z.coerce
    .number()
    .positive()
    .default(60)
    .describe('Seconds that a call may be silent. `timeout_ms` in `mesh.json` overrides it for an upstream.'),
  MIN_WORKERS: z.coerce
    .number()
    .int()
    .min(0)
    .max(256)
    .default(2)
    .describe(
      'Fewest processes of an upstream that runs as a command, from its first call without a session on, unless `mesh.json` says otherwise; until then there is one.',
    ),
  MAX_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(8)
    .describe(
      'Most processes of an upstream that runs as a command, without those of sessions, unless `mesh.json` says otherwise.',
    ),
  MAX_SESSION_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(16)
    .describe('Most processes of such an upstream that serve one session each, unless `mesh.json` says otherwise.'),
  SESSION_WORKER_IDLE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(1_800_000)
    .describe('Idle time after which the process of a session ends, unless `mesh.json` says otherwise.'),
}).refine(({ MIN_WORKERS, MAX_WORKERS }) => MIN_WORKERS <= MAX_WORKERS, {
  path: ['MIN_WORKERS'],
  error: 'is above MAX_WORKERS',
});
