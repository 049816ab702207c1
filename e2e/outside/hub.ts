import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '@toolmesh/shared/test-kit/requests';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';

/** Starts the hub as users do, in a process of its own, before the given upstreams. */
export async function startHubBefore(mcpServers: object, env: Record<string, string> = {}): Promise<ServiceProcess> {
  const path = join(mkdtempSync(join(tmpdir(), 'outside-')), 'mesh.json');
  writeFileSync(path, JSON.stringify({ mcpServers }, null, 2));
  const main = new URL('../../services/mcp-server/src/main.ts', import.meta.url);
  const hub = await startServiceProcess(main, { MESH_CONFIG: path, ...env });
  return {
    ...hub,
    async stop() {
      // Said here, where all that it could not answer has been told of.
      const fatal = hub.log.filter(({ level }) => level === 'fatal');
      if (fatal.length > 0) process.stdout.write(`the hub has ended by itself: ${JSON.stringify(fatal)}\n`);
      await hub.stop();
    },
  };
}

interface Listed {
  readonly name: string;
  readonly server: string;
}

/** Returns the names of an upstream's tools. */
export async function listed(hub: string, upstream: string): Promise<readonly string[]> {
  const { body } = await request(`${hub}/tools`);
  return body.tools.filter(({ server }: Listed) => server === upstream).map(({ name }: Listed) => name);
}

/** Waits until an upstream is up. @throws Error with what the hub says of it. */
export async function untilListed(hub: string, upstream: string, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const { body } = await request(`${hub}/stats`);
    const found = body.upstreams[upstream];
    if (found?.status === 'up') return;
    if (performance.now() > until) throw new Error(`not up: ${JSON.stringify(found)}`);
    await sleep(200);
  }
}
