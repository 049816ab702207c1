// `npm run bench:hub [-- --base REVISION] [--seconds N] [--streams N]`: what the hub adds to an MCP call, beside a bare
// proxy hop in the same run, for clients and servers of 2026-07-28 and of 2025-06-18. With `--base` the hub of another
// commit takes turns with this one. The servers have one core, the load another. Figures are medians of rounds.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Checkout, checkOut } from './checkout.ts';
import { median, ms, percentile, print } from './figures.ts';
import { connectClient, type Era } from './hub/clients.ts';
import { closedLoop, evenLoad, type Figures, type Target } from './hub/load.ts';
import { benchAbandonedStreams } from './hub/memory.ts';
import { type BenchHub, startHub } from './hub/start-hub.ts';
import { type BenchServer, machine, startServer, stopServers, takeSecondCore } from './servers.ts';

const { values: options } = parseArgs({
  options: { base: { type: 'string' }, seconds: { type: 'string' }, streams: { type: 'string' } },
});
const ROUNDS = 5;
const SECONDS = Number(options.seconds ?? 1);
const STREAMS = Number(options.streams ?? 10_000);
const CONNECTIONS = 8;
/** Until what is called often is compiled. */
const WARM_UP_SECONDS = 2;
const LISTED = { upstreams: 20, tools: 500, times: 200 };

/** The servers that hubs are put before. A rate is well below what one core can do: above it p50 is that of the queue. */
const UPSTREAMS = {
  '2026-07-28': { script: 'bench/floors.ts', args: ['tools', '1'], tool: 'tool_0', rate: 200 },
  '2025-06-18': { script: 'bench/hub/sdk-one-server.ts', args: [], tool: 'echo', rate: 60 },
} as const;
const ERAS = ['2026-07-28', '2025-06-18'] as const;

takeSecondCore();
let base: Checkout | undefined;
try {
  base = options.base === undefined ? undefined : checkOut(options.base);
  const beside = base === undefined ? '' : `; ${base.commit} beside it`;
  print(`${machine()}; medians of ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections${beside}`);
  await benchCalls();
  await benchLists();
} finally {
  stopServers();
  base?.remove();
}
process.exit(0);

async function benchCalls(): Promise<void> {
  const servers = {
    '2026-07-28': await startUpstream('2026-07-28'),
    '2025-06-18': await startUpstream('2025-06-18'),
  };
  const entries = {
    modern: { url: `${servers['2026-07-28'].url}/mcp` },
    old: { url: `${servers['2025-06-18'].url}/mcp` },
  };
  const hubs = new Map([['the hub', await startHub(entries)]]);
  if (base !== undefined) hubs.set(base.commit, await startHub(entries, base.root));
  for (const era of ERAS) await benchUpstream(era, servers[era], hubs);
  print(`\n${STREAMS} abandoned streams, a third each over REST, MCP 2026-07-28 and 2025-06-18`);
  for (const [name, hub] of hubs) await benchAbandonedStreams(name, hub, STREAMS);
  stopServers();
}

function startUpstream(era: Era): Promise<BenchServer> {
  return startServer(UPSTREAMS[era].script, {}, { args: UPSTREAMS[era].args });
}

interface Row {
  readonly label: string;
  readonly target: Target;
  readonly full: Figures[];
  readonly even: Figures[];
}

/** Calls one server directly, through a bare hop, and through each hub by clients of both eras, in turn. */
async function benchUpstream(era: Era, server: BenchServer, hubs: ReadonlyMap<string, BenchHub>): Promise<void> {
  const { tool, rate } = UPSTREAMS[era];
  const hop = await startServer('bench/floors.ts', {}, { args: ['proxy', server.url] });
  const row = async (label: string, { url, pid }: BenchServer, clientEra: Era): Promise<Row> => {
    const { call } = await connectClient({ url, era: clientEra, tool, connections: CONNECTIONS });
    return { label, target: { call, pid }, full: [], even: [] };
  };
  const direct = await row('at the server', server, era);
  const bare = await row('through a bare undici hop (floor)', hop, era);
  const through = [];
  for (const [name, hub] of hubs)
    for (const each of ERAS) through.push(await row(`${name}, client of ${each}`, hub, each));
  const rows = [direct, bare, ...through];
  for (const { target } of rows) await closedLoop(target, { seconds: WARM_UP_SECONDS, callers: CONNECTIONS });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of rows) each.full.push(await closedLoop(each.target, { seconds: SECONDS, callers: CONNECTIONS }));
    for (const each of rows) each.even.push(await evenLoad(each.target, { seconds: SECONDS, rate }));
  }
  print(
    `\nMCP tools/call, server of ${era}: an even ${rate} calls a second; then ${CONNECTIONS} callers that each wait`,
  );
  for (const each of rows) printRow(each);
  for (const each of through) printAdded(each, { direct, bare });
  for (let at = 0; at < through.length; at += 2) printErasOf(through[at], through[at + 1]);
  if (through.length > 2) for (const at of [0, 1]) printAgainst(through[at], through[at + 2]);
}

function figure(rounds: readonly Figures[], key: keyof Figures): number {
  return median(rounds.map((each) => each[key]));
}

function printRow({ label, full, even }: Row): void {
  const evenly = `p50 ${ms(figure(even, 'p50'))}  p99 ${ms(figure(even, 'p99'))}`;
  const fully = `p50 ${ms(figure(full, 'p50'))}  ${String(Math.round(figure(full, 'rate'))).padStart(5)}/s`;
  print(`  ${label.padEnd(36)} ${evenly}   ${fully}   ${ms(figure(full, 'cpu'))} of its processor time a call`);
}

function printAdded(row: Row, { direct, bare }: { direct: Row; bare: Row }): void {
  const [added, floor] = [row, bare].map(({ even }) => figure(even, 'p50') - figure(direct.even, 'p50'));
  if (added === undefined || floor === undefined) return;
  const ratio = floor > 0 ? `${(added / floor).toFixed(1)} x` : 'no ratio can be had of';
  print(`  ${row.label} adds ${ms(added)} p50 at the even load: ${ratio} the bare hop's ${ms(floor)}`);
}

function printErasOf(modern: Row | undefined, old: Row | undefined): void {
  if (modern === undefined || old === undefined) return;
  const ratio = figure(old.full, 'cpu') / figure(modern.full, 'cpu');
  print(`  ${old.label} costs ${ratio.toFixed(2)} x the processor time of one of 2026-07-28`);
}

function printAgainst(now: Row | undefined, before: Row | undefined): void {
  if (now === undefined || before === undefined) return;
  // Round by round: both met the same moments of the machine.
  const ratios = now.full.map(({ cpu }, at) => cpu / (before.full[at]?.cpu ?? Number.NaN));
  print(`  ${now.label}: ${median(ratios).toFixed(2)} x the processor time at ${before.label}`);
}

async function benchLists(): Promise<void> {
  const { upstreams, tools, times: count } = LISTED;
  const upstream = await startServer('bench/floors.ts', {}, { args: ['tools', String(tools / upstreams)] });
  const names = Array.from({ length: upstreams }, (_, at) => `u${at}`);
  const hub = await startHub(
    Object.fromEntries(names.map((name) => [name, { url: `${upstream.url}/mcp`, prefix: `${name}_` }])),
  );
  print(`\ntools/list with ${tools} tools of ${upstreams} upstreams`);
  for (const era of ERAS) {
    const client = await connectClient({ url: hub.url, era, tool: 'u0_tool_0', connections: 1 });
    const times: number[] = [];
    for (let at = -20; at < count; at += 1) {
      const started = performance.now();
      await client.request('tools/list', {});
      if (at >= 0) times.push(performance.now() - started);
      await sleep(2);
    }
    print(`  client of ${era.padEnd(25)} p50 ${ms(percentile(times, 50))}  p95 ${ms(percentile(times, 95))}`);
  }
}
