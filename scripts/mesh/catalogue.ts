import { readyServers } from '../../services/mcp-server/src/mesh-config/ready/ready-servers.ts';
import type { Surroundings } from './surroundings.ts';

/** Lists the servers that are ready to be added, or those whose name, topic or description holds `word`. */
export function listCatalogue(word: string | undefined, { print }: Surroundings): void {
  const sought = word?.toLowerCase() ?? '';
  const found = [...readyServers()].filter(([name, { topic, description }]) =>
    `${name} ${topic} ${description}`.toLowerCase().includes(sought),
  );
  if (found.length === 0) print(`No ready server is about ${JSON.stringify(word)}.`);
  for (const [topic, servers] of Map.groupBy(found, ([, server]) => server.topic)) {
    print(`\n${topic}`);
    for (const [name, { description, settings }] of servers) {
      const needs = Object.entries(settings).filter(([, { required }]) => required);
      const what = needs.length === 0 ? '' : `  [${needs.map(([setting]) => setting).join(', ')}]`;
      print(`  ${name.padEnd(20)} ${description}${what}`);
    }
  }
  print('\nnpm run mesh -- add <name> adds one.');
}
