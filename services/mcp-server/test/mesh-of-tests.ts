import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import { post } from '@toolmesh/shared/test-kit/requests';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { defineTool, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';

/** The hub itself. */
export const MAIN = new URL('../src/main.ts', import.meta.url);

const running: { stop(graceMs: number): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop(0)));
});

/** Has a server or a process ended with the test that started it. */
export function endWithTest<Part extends { stop(graceMs: number): Promise<void> }>(part: Part): Part {
  running.push(part);
  return part;
}

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
  endWithTest(await serveTools(tools, env, port));

export function writeMesh(mcpServers: object): string {
  const file = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
  writeFileSync(file, JSON.stringify({ mcpServers }));
  return file;
}

export async function startHub(mcpServers: object, env: Record<string, string> = {}): Promise<ServiceProcess> {
  return endWithTest(await startServiceProcess(MAIN, { MESH_CONFIG: writeMesh(mcpServers), ...env }));
}

export const call = (hub: ServiceProcess, tool: string, args: object = {}) =>
  post(`${hub.url}/tools/${tool}`, { arguments: args });
