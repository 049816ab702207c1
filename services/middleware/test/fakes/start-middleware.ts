import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import type { ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import { middleware } from '../../src/service.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url);

/** Returns a new folder for the sessions of one middleware. */
export const dataFolder = (): string => mkdtempSync(join(tmpdir(), 'toolmesh-chat-'));

/** Returns settings that keep a middleware away from the model servers, the sandbox and the sessions of this machine. */
const apart = async () => ({
  OLLAMA_HOST: `http://127.0.0.1:${await freePort()}`,
  SANDBOX_URL: `http://127.0.0.1:${await freePort()}`,
  CHAT_DATA_DIR: dataFolder(),
});

/** Serves a middleware in this process until the test ends. */
export async function startMiddleware(env: Record<string, string> = {}): Promise<ServiceInProcess> {
  return endWithTest(await serveInProcess(middleware, { ...(await apart()), ...env }));
}

/** Starts a middleware in a process of its own, for what a process does: exit codes. */
export async function startMiddlewareProcess(
  env: Record<string, string> = {},
  through: readonly string[] = [],
): Promise<ServiceProcess> {
  return endWithTest(await startServiceProcess(MAIN, { ...(await apart()), ...env }, { through }));
}

/** Serves a hub with `tools`, and a middleware that uses it. */
export async function startWith(tools: readonly ToolDefinition[], env: Record<string, string> = {}) {
  const hub = endWithTest(await serveTools(tools));
  return startMiddleware({ MCP_SERVER_URL: hub.url, ...env });
}
