import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchServer, startServer } from '../servers.ts';

export interface BenchHub extends BenchServer {
  /** The hub writes there how much memory it uses, once it was asked by a signal (`collect.ts`). */
  readonly memoryFile: string;
}

/** Starts the hub of this checkout, or of the one in `root`, before the given upstreams. */
export async function startHub(mcpServers: object, root?: string): Promise<BenchHub> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const mesh = join(folder, 'mesh.json');
  const memoryFile = join(folder, 'memory');
  writeFileSync(mesh, JSON.stringify({ mcpServers }));
  const env = {
    PORT: '0',
    MESH_CONFIG: mesh,
    LOG_LEVEL: 'info',
    BENCH_MEMORY_FILE: memoryFile,
    NODE_OPTIONS: `--import=${new URL('collect.ts', import.meta.url).href}`,
  };
  const server = await startServer('services/mcp-server/src/main.ts', env, { root });
  return { ...server, memoryFile };
}
