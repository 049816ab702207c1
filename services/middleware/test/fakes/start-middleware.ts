import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import type { ToolDefinition } from '@toolmesh/shared/kit/tools/tool';

const MAIN = new URL('../../src/main.ts', import.meta.url);
const running: { stop(graceMs?: number): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop(0)));
});

/** Ends with the test. */
export function cleanUp<Part extends { stop(graceMs?: number): Promise<void> }>(part: Part): Part {
  running.push(part);
  return part;
}

/** Where one middleware keeps its sessions. */
export const dataFolder = (): string => mkdtempSync(join(tmpdir(), 'toolmesh-chat-'));

/** The real service in a process of its own, away from the model servers and the sessions of this machine. */
export async function startMiddleware(env: Record<string, string> = {}): Promise<ServiceProcess> {
  const OLLAMA_HOST = `http://127.0.0.1:${await freePort()}`;
  return cleanUp(await startServiceProcess(MAIN, { OLLAMA_HOST, CHAT_DATA_DIR: dataFolder(), ...env }));
}

/** A hub with `tools`, and a middleware that uses it. */
export async function startWith(tools: readonly ToolDefinition[], env: Record<string, string> = {}) {
  const hub = cleanUp(await serveTools(tools));
  return startMiddleware({ MCP_SERVER_URL: hub.url, ...env });
}
