import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { readyServers } from '../../../services/mcp-server/src/mesh-config/ready/ready-servers.ts';
import { renderReady } from '../../../services/mcp-server/src/mesh-config/ready/render-ready.ts';
import { listed, startHubBefore, untilListed } from '../hub.ts';
import { newFolder, python } from '../parts.ts';
import type { createReport } from '../report.ts';

/** Those that start and list their tools without the service that they are for; what they require is made up. */
const STARTS_ALONE: ReadonlySet<string> = new Set(
  [
    'git gitlab sentry context7 everything filesystem excel memory time sequential-thinking image-generation prometheus',
    'grafana fetch playwright chrome-devtools brave-search tavily firecrawl mattermost notion',
  ].flatMap((line) => line.split(' ')),
);
/** So many are installed and started at once. */
const TOGETHER = 4;
/** Variables that a company's network needs: they are in the hub's environment, as they are in its users'. */
const NETWORK = /CERT|PROXY|_CA_/i;
/** `npx` and `uvx` fetch what they run at the first start. */
const UP_MS = 150_000;

/** Starts the ready entries of the catalogue as they are, by `npx` and `uvx`, and lists their tools. */
export async function runReady(report: ReturnType<typeof createReport>, wanted: RegExp): Promise<void> {
  const all = [...readyServers()].filter(([name]) => wanted.test(`ready ${name}`));
  if (all.length === 0) return;
  const uv = await python('uv', '');
  const homes = join(homedir(), '.cache', 'toolmesh-outside', 'homes');
  mkdirSync(homes, { recursive: true });
  const own = Object.entries(process.env).filter(([name]) => NETWORK.test(name));
  const env = {
    ...Object.fromEntries(own),
    PATH: `${uv}${delimiter}${process.env['PATH'] ?? ''}`,
    MESH_CACHE_DIR: homes,
  };
  const alone = all.filter(([name]) => STARTS_ALONE.has(name));
  for (let at = 0; at < alone.length; at += TOGETHER) {
    const batch = alone.slice(at, at + TOGETHER);
    // Several of them have tools of the same name.
    const entries = batch.map(([name, server]) => [name, { ...entryOf(server), prefix: `${name}_` }]);
    const hub = await startHubBefore(Object.fromEntries(entries), env);
    for (const [name, { entry }] of batch) {
      const version = /@([\d.]+)/.exec(JSON.stringify(entry).replace(/"@/, '"'))?.[1] ?? '';
      await report.subject({ kind: 'ready', name, version }, async (step, row) => {
        await step('start', () => untilListed(hub.url, name, UP_MS));
        await step('list', async () => {
          const tools = await listed(hub.url, name);
          row.notes.push(`${tools.length} tools`);
          if (tools.length === 0) throw new Error('no tools');
        });
      });
    }
    await hub.stop();
  }
}

function entryOf(server: Parameters<typeof renderReady>[0]): object {
  const folder = newFolder();
  execFileSync('git', ['init', '-q', folder]);
  const required = Object.entries(server.settings).filter(([, { required: isRequired }]) => isRequired);
  const made = required.map(([name, { example = 'made-up' }]): [string, string] => [
    name,
    /FOLDER|REPOSITORY/.test(name) ? folder : example,
  ]);
  const { entry } = renderReady(server, { given: new Map(made), isSet: () => false });
  // A secret stays a reference, to a variable that is not set here.
  return JSON.parse(JSON.stringify(entry).replaceAll(/\$\{\w+\}/g, 'made-up'));
}
