import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { hub } from '../../services/mcp-server/src/service.ts';
import { middleware } from '../../services/middleware/src/service.ts';
import { timeClient } from '../../services/time-client/src/service.ts';

const RUN_MS = 60_000;

/** The part of the mesh that examples need, in this process: time, hub and chat, with the demo model. */
export interface SmallMesh {
  readonly hub: ServiceInProcess;
  readonly middleware: ServiceInProcess;
  /** The settings by which examples find it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts it; `settings` are the chat service's, by default for the demo model. */
export async function serveSmallMesh(settings: Record<string, string> = { LLM_PROVIDER: 'demo' }): Promise<SmallMesh> {
  const time = await serveInProcess(timeClient);
  // The executor's address leads nowhere: the hub does without it.
  const hubEnv = { TIME_CLIENT_URL: time.url, CODE_EXECUTOR_URL: 'http://127.0.0.1:9' };
  const running = await serveInProcess(hub, hubEnv);
  await until(async () => (await request(`${running.url}/stats`)).body.upstreams['time-client'].status === 'up');
  const chat = await serveInProcess(middleware, { MCP_SERVER_URL: running.url, ...settings });
  return {
    hub: running,
    middleware: chat,
    env: { MIDDLEWARE_URL: chat.url, MCP_SERVER_URL: running.url },
    async stop() {
      for (const service of [chat, running, time]) await service.stop(0);
    },
  };
}

/** The path of a file among the examples. */
export const example = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Runs an example as a user does, and returns what it printed. @throws Error with its standard error. */
export async function runExample(command: readonly [string, ...string[]], env: SmallMesh['env']): Promise<string> {
  const [file, ...args] = command;
  const options = { env: { PATH: process.env['PATH'], ...env }, timeout: RUN_MS };
  const { stdout } = await promisify(execFile)(file, args, options);
  return stdout;
}
