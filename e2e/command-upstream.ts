import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const COMMAND_UPSTREAM = 'odd';

/**
 * A mesh.json with an upstream more than the project's: a command, whose tools misbehave as their names say and begin
 * with `odd_`. Returns its path, for MESH_CONFIG.
 */
export function meshWithCommand(): string {
  const mesh = JSON.parse(readFileSync(new URL('../mesh.json', import.meta.url), 'utf8'));
  const server = fileURLToPath(new URL('../services/mcp-server/test/upstreams/stdio/stdio-server.ts', import.meta.url));
  mesh.mcpServers[COMMAND_UPSTREAM] = {
    command: process.execPath,
    args: [server],
    prefix: `${COMMAND_UPSTREAM}_`,
    workers: { min: 1, max: 2 },
  };
  const path = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
  writeFileSync(path, JSON.stringify(mesh));
  return path;
}
