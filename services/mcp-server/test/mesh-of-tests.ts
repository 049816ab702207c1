import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isHubTool } from '@toolmesh/shared/contracts/hub-tools';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { INHERITED_ENV } from '@toolmesh/shared/test-kit/test-env';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { defineTool, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';
import { hub as service } from '../src/service.ts';

/** The hub itself. */
export const MAIN = new URL('../src/main.ts', import.meta.url);

/** A tool that says who it is, or what it is told, after `ms` milliseconds. */
export const sayer = (name: string) =>
  defineTool({
    name,
    description: `Says ${name}.`,
    input: z.object({ word: z.string().optional(), ms: z.number().optional() }),
    output: z.object({ said: z.string() }),
    annotations: { readOnlyHint: true },
    run: async ({ word, ms = 0 }, { signal }) => {
      await sleep(ms, undefined, { signal });
      return { said: word ?? name };
    },
  });

/** A tool service of the kit, in this process. */
export const serveUpstream = async (tools: readonly ToolDefinition[], env: Record<string, string> = {}, port = 0) =>
  endWithTest(await serveTools(tools, env, { port }));

export function writeMesh(mcpServers: object): string {
  const file = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
  writeFileSync(file, JSON.stringify({ mcpServers }));
  return file;
}

/** Serves a hub in this process; commands that it starts find their programs as this process does. */
export const serveHub = (mcpServers: object, env: Record<string, string> = {}): Promise<ServiceInProcess> =>
  serveInProcess(service, { ...INHERITED_ENV, MESH_CONFIG: writeMesh(mcpServers), ...env });

/** Serves a hub in this process until the test ends. */
export const startHub = async (mcpServers: object, env: Record<string, string> = {}): Promise<ServiceInProcess> =>
  endWithTest(await serveHub(mcpServers, env));

/** Starts a hub in a process of its own, for signals, exit codes and open files. */
export const startHubProcess = async (mcpServers: object, env: Record<string, string> = {}): Promise<ServiceProcess> =>
  endWithTest(await startServiceProcess(MAIN, { MESH_CONFIG: writeMesh(mcpServers), ...env }));

/** Returns the tools of the upstreams, over REST: all but the hub's own. */
export const listedBy = async (hub: Pick<TestedService, 'url'>) => {
  const { tools } = (await request(`${hub.url}/tools`)).body;
  return tools.filter(({ name }: { name: string }) => !isHubTool(name));
};

/** Returns the checks of `/ready`, one for each upstream. */
export const checksOf = async (hub: TestedService): Promise<Record<string, { status: string; detail?: string }>> =>
  (await request(`${hub.url}/ready`)).body.checks;

/** Returns whether all upstreams of a hub are up; it is ready without them. */
export const areAllUp = async (hub: TestedService): Promise<boolean> =>
  Object.values(await checksOf(hub)).every(({ status }) => status === 'ok');

export const call = (hub: TestedService, tool: string, args: object = {}) =>
  post(`${hub.url}/tools/${tool}`, { arguments: args });
