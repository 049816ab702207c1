// `npm run bench:overhead [seconds]`: what watching costs the hub. The same hub with metrics taken out, as it is by
// default, where a request that goes well writes no line, with a line for each, and with traces; all take turns.
// Processor time of the hub per call is what counts: it does not depend on what else the machine does.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRaw } from '@toolmesh/shared/testing';
import { Pool } from 'undici';
import { median, print } from './figures.ts';
import { machine, startServer, stopServers, takeSecondCore } from './servers.ts';

const ROUNDS = 7;
const SECONDS = Number(process.argv[2] ?? 2);
const CONNECTIONS = 8;
/** What `ps` counts processor time in (proc_pid_stat(5)). */
const TICK_MS = 10;

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
  print(`${machine()}; medians of ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`);
  for (const face of ['REST', 'MCP'] as const) await compare(face);
} finally {
  stopServers();
  await collector.stop();
}
process.exit(0);

async function compare(face: Face): Promise<void> {
  const upstream = await startServer('e2e/bench/floors.ts', {}, ['tools', '1']);
  const mesh = join(mkdtempSync(join(tmpdir(), 'bench-')), 'mesh.json');
  writeFileSync(mesh, JSON.stringify({ mcpServers: { one: { url: `${upstream.url}/mcp` } } }));
  const hubs = [];
  for (const [name, settings] of Object.entries(SETTINGS)) {
    const env = { PORT: '0', MESH_CONFIG: mesh, ...settings };
    const hub = await startServer('services/mcp-server/src/main.ts', env);
    hubs.push({ name, hub, costs: new Array<number>() });
  }
  for (const { hub } of hubs) await load(hub.url, face, 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { hub, costs } of hubs) {
      const before = cpuMs(hub.pid);
      const calls = await load(hub.url, face, SECONDS);
      costs.push(((cpuMs(hub.pid) - before) * 1_000) / calls);
    }
  }
  print(`\n${face}: processor time of the hub for one call`);
  const floor = median(hubs[0]?.costs ?? []);
  for (const { name, costs } of hubs) {
    const cost = median(costs);
    const share = (cost / floor - 1) * 100;
    print(
      `  ${name.padEnd(30)} ${cost.toFixed(0).padStart(5)} µs   ${name === hubs[0]?.name ? '' : `${share < 0 ? '' : '+'}${share.toFixed(1)} %`}`,
    );
  }
  stopServers();
}

/** One call after the other on each connection. Returns how many were answered. */
async function load(url: string, face: Face, seconds: number): Promise<number> {
  const pool = new Pool(url, { connections: CONNECTIONS });
  const until = performance.now() + seconds * 1_000;
  let calls = 0;
  const caller = async () => {
    while (performance.now() < until) {
      const answer = await pool.request({ method: 'POST', ...REQUESTS[face] });
      const text = await answer.body.text();
      if (!text.includes('hello')) throw new Error(`answered with ${answer.statusCode}: ${text}`);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  await pool.close();
  return calls;
}

/** Processor time of a process so far, in milliseconds: fields utime and stime, in ticks. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
