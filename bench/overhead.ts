// `npm run bench:overhead [rounds]`: what watching costs the hub. The same hub with metrics taken out, as it is by
// default, where a request that goes well writes no line, with a line for each, and with traces; all take turns.
// Processor time of the hub per call is what counts: it does not depend on what else the machine does.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { Pool } from 'undici';
import { percentile, print } from './figures.ts';
import { cpuMicroseconds } from './processes.ts';
import { machine, startServer, stopServers, takeSecondCore } from './servers.ts';

const ROUNDS = Number(process.argv[2] ?? 60);
/** Short rounds: all hubs meet the same moments of a machine that has other work. */
const CALLS = 160;
const CONNECTIONS = 8;
/** Other work on the machine only ever adds to the cost of a call: the best rounds are those it left alone. */
const BEST = 10;
/** Until what is called often is compiled. */
const WARM_UP_CALLS = 4_000;

type Face = 'REST' | 'MCP';

const CALL = { name: 'tool_0', arguments: { text: 'hello' } };
const MCP_CALL = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    ...CALL,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
};
const JSON_TYPE = { 'content-type': 'application/json' };
const REQUESTS: Record<Face, { path: string; headers: Record<string, string>; body: string }> = {
  REST: { path: '/tools/tool_0', headers: JSON_TYPE, body: JSON.stringify({ arguments: CALL.arguments }) },
  MCP: {
    path: '/mcp',
    headers: {
      ...JSON_TYPE,
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'tool_0',
    },
    body: JSON.stringify(MCP_CALL),
  },
};

takeSecondCore();
const collector = await serveRaw((req, res) => {
  req.resume();
  res.setHeader('content-type', 'application/json').end('{}');
});
const withoutMetrics = `--import=${new URL('without-metrics.ts', import.meta.url).href}`;
const SETTINGS = {
  'without metrics': { LOG_LEVEL: 'info', NODE_OPTIONS: withoutMetrics },
  'as it is by default': { LOG_LEVEL: 'info' },
  'with a line for each request': { LOG_LEVEL: 'debug' },
  'with traces of each request': { LOG_LEVEL: 'info', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
};

try {
  print(`${machine()}; the best tenth of ${ROUNDS} rounds of ${CALLS} calls, ${CONNECTIONS} connections`);
  for (const face of ['REST', 'MCP'] as const) await compare(face);
} finally {
  stopServers();
  await collector.stop();
}
process.exit(0);

async function compare(face: Face): Promise<void> {
  const upstream = await startServer('bench/floors.ts', {}, { args: ['tools', '1'] });
  const mesh = join(mkdtempSync(join(tmpdir(), 'bench-')), 'mesh.json');
  writeFileSync(mesh, JSON.stringify({ mcpServers: { one: { url: `${upstream.url}/mcp` } } }));
  const hubs = [];
  for (const [name, settings] of Object.entries(SETTINGS)) {
    const env = { PORT: '0', MESH_CONFIG: mesh, ...settings };
    const hub = await startServer('services/mcp-server/src/main.ts', env);
    hubs.push({ name, hub, costs: new Array<number>() });
  }
  for (const { hub } of hubs) await load(hub.url, face, WARM_UP_CALLS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { hub, costs } of hubs) {
      const before = cpuMicroseconds(hub.pid);
      await load(hub.url, face, CALLS);
      costs.push((cpuMicroseconds(hub.pid) - before) / CALLS);
    }
  }
  print(`\n${face}: processor time of the hub for one call`);
  const floor = percentile(hubs[0]?.costs ?? [], BEST);
  for (const { name, costs } of hubs) {
    const cost = percentile(costs, BEST);
    const share = (cost / floor - 1) * 100;
    print(
      `  ${name.padEnd(30)} ${cost.toFixed(0).padStart(5)} µs   ${name === hubs[0]?.name ? '' : `${share < 0 ? '' : '+'}${share.toFixed(1)} %`}`,
    );
  }
  stopServers();
}

/** One call after the other on each connection, `calls` in all. */
async function load(url: string, face: Face, calls: number): Promise<void> {
  const pool = new Pool(url, { connections: CONNECTIONS });
  let left = calls;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await pool.request({ method: 'POST', ...REQUESTS[face] });
      const text = await answer.body.text();
      if (!text.includes('hello')) throw new Error(`answered with ${answer.statusCode}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  await pool.close();
}
