// `npm run bench:peers [-- rounds]`: the hub beside what others use for the same, each installed once into a cache, before
// one server of 2025-06-18. All take turns. The servers have one core, the load another. Figures are medians of rounds.
import { median, ms, print } from './figures.ts';
import { connectClient } from './hub/clients.ts';
import { closedLoop, type Figures, type Target } from './hub/load.ts';
import { CONNECTIONS, HUB_MCP, type Peer, PEERS } from './peers/peers.ts';
import { mib, residentBytes } from './processes.ts';
import { machine, startServer, stopServers, takeSecondCore } from './servers.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const SECONDS = 3;

interface Row {
  readonly name: string;
  readonly beside: string | undefined;
  readonly target: Target;
  readonly rounds: Figures[];
}

takeSecondCore();
try {
  print(`${machine()}; medians of ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} callers that each wait`);
  const rows = await startAll();
  for (const { target } of rows) await closedLoop(target, { seconds: SECONDS, callers: CONNECTIONS });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { target, rounds } of rows) {
      rounds.push(await closedLoop(target, { seconds: SECONDS, callers: CONNECTIONS }));
    }
  }
  report(rows);
} finally {
  stopServers();
}
process.exit(0);

async function startAll(): Promise<readonly Row[]> {
  const upstream = await startServer('bench/hub/sdk-one-server.ts');
  const { call } = await connectClient({
    url: upstream.url,
    era: '2025-06-18',
    tool: 'echo',
    connections: CONNECTIONS,
  });
  const rows: Row[] = [
    { name: 'the server itself', beside: undefined, target: { call, pid: upstream.pid }, rounds: [] },
  ];
  for (const peer of PEERS) {
    const row = await start(peer, upstream.url).catch((error: unknown) => {
      print(`${peer.name} was not measured: ${Error.isError(error) ? error.message : String(error)}`);
    });
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

async function start({ name, beside, start: startPeer }: Peer, upstream: string): Promise<Row> {
  const target = await startPeer(upstream);
  await target.call();
  return { name, beside, target, rounds: [] };
}

function figure({ rounds }: Row, key: keyof Figures): number {
  return median(rounds.map((each) => each[key]));
}

function report(rows: readonly Row[]): void {
  print(
    '\n| `tools/call` of `echo` | p50 | calls/s | its processor time a call | resident | time of the hub, of its processor time |',
  );
  print('|---|---|---|---|---|---|');
  for (const row of rows) {
    const hub = rows.find(({ name }) => name === (row.beside ?? HUB_MCP));
    const times = (key: 'p50' | 'cpu') =>
      hub === undefined ? '' : `${(figure(row, key) / figure(hub, key)).toFixed(1)} x`;
    const ratio = row.beside === undefined ? '' : `${times('p50')}, ${times('cpu')}`;
    const cells = [
      row.name,
      ms(figure(row, 'p50')).trim(),
      figure(row, 'rate').toFixed(0),
      ms(figure(row, 'cpu')).trim(),
      `${mib(residentBytes(row.target.pid))} MiB`,
      ratio,
    ];
    print(`| ${cells.join(' | ')} |`);
  }
}
