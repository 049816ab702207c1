import { askJson } from '../ask-json.ts';
import type { EntryConfig } from '../../services/mcp-server/src/mesh-config/entry-config.ts';
import { loadMeshConfig } from '../../services/mcp-server/src/mesh-config/load-mesh-config.ts';
import { findEntries } from '../../services/mcp-server/src/mesh-config/document/find-entries.ts';
import { readDocument } from '../../services/mcp-server/src/mesh-config/document/read-document.ts';
import { describeEntry } from './describe-entry.ts';
import type { Surroundings } from './surroundings.ts';

/** Lists the entries of mesh.json, with the status of each where a hub runs. */
export async function list(around: Surroundings): Promise<void> {
  const { mcpServers, writtenNames, warnings } = loadMeshConfig(around.path, around.env);
  const written = new Map(findEntries(readDocument(around.path)).entries.map((entry) => [entry.name, entry]));
  const states = await statesOf(around.env);
  const rows = Object.entries(mcpServers).map(([name, config]) => {
    const shown = writtenNames.get(name) ?? name;
    const raw = written.get(shown);
    return { shown, what: raw === undefined ? '' : describeEntry(raw), ...stateOf(config, states?.get(name)) };
  });
  if (rows.length === 0) around.print(`${around.path} has no entries. npm run mesh -- add <name> adds one.`);
  const width = Math.max(...rows.map(({ shown }) => shown.length), 4);
  for (const { shown, status, what, problems } of rows) {
    around.print(`${shown.padEnd(width)}  ${status.padEnd(14)}  ${what}`);
    for (const problem of problems) around.print(`${' '.repeat(width)}  -> ${problem}`);
  }
  for (const warning of warnings) around.print(`warning: ${warning}`);
  if (states === undefined) around.print('The hub does not run, or asks for another API_KEY: no status is known.');
}

function stateOf(config: EntryConfig, seen: State | undefined) {
  if (config.disabled) return { status: 'disabled', problems: [] };
  if (config.kind === 'unusable') return { status: 'cannot be used', problems: config.problems };
  const { words = '-', error } = seen ?? {};
  return { status: words, problems: error === undefined ? [] : [error] };
}

interface State {
  readonly words: string;
  readonly error?: string | undefined;
}

/** Requests the status of each upstream; undefined where no hub answers. */
async function statesOf(env: NodeJS.ProcessEnv): Promise<ReadonlyMap<string, State> | undefined> {
  const url = `http://127.0.0.1:${env['MCP_SERVER_PORT'] || '8000'}/stats`;
  const key = env['API_KEY'];
  const stats = await askJson(url, key === undefined || key === '' ? {} : { 'x-api-key': key });
  if ('failure' in stats || stats.status !== 200) return undefined;
  return new Map(
    Object.entries(Object(stats.body['upstreams'])).map(([name, upstream]) => {
      const seen: { status?: unknown; tools?: unknown; last_error?: unknown } = Object(upstream);
      const words = seen.status === 'up' ? `up, ${String(seen.tools)} tools` : String(seen.status);
      return [name, { words, error: typeof seen.last_error === 'string' ? seen.last_error : undefined }];
    }),
  );
}
