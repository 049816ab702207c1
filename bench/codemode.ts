// `npm run bench:codemode`: one job of ten tool calls and one line of output, done by a model in ten rounds, in one round of ten
// calls, and by one program. The model is a script behind an OpenAI-compatible server, which takes as long as it is told; the five services
// are real. Argument: the milliseconds that a model takes for one answer, 1,000 if not given.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeAnswer, serveFakeOpenAi } from '../e2e/fake-openai.ts';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { machine, startServer, stopServers } from './servers.ts';
import { median, print } from './figures.ts';

const THINK_MS = Number(process.argv[2] ?? 1_000);
const REPEATS = 5;
/** Bytes of JSON for one token, a common rule of thumb: there is no tokenizer here that would be right for every model. */
const BYTES_PER_TOKEN = 4;

const ZONES =
  'UTC Europe/Berlin Asia/Tokyo America/Lima Asia/Kolkata Australia/Sydney Africa/Cairo America/New_York Pacific/Auckland Asia/Dubai'.split(
    ' ',
  );
const PROGRAM = `from toolmesh import tools
zones = ${JSON.stringify(ZONES)}
times = {zone: tools.get_current_time(timezone=zone)["utc_offset"] for zone in zones}
print(max(times, key=times.get), "is farthest ahead")`;
const ANSWER: FakeAnswer = { text: 'Pacific/Auckland is farthest ahead.' };

const call = (timezone: string) => ({ name: 'get_current_time', arguments: { timezone } });

/** The ways to do it, each as the answers of the model. */
const WAYS: Readonly<Record<string, readonly FakeAnswer[]>> = {
  'ten rounds, one call each': [...ZONES.map((zone) => ({ calls: [call(zone)] })), ANSWER],
  'one round of ten calls': [{ calls: ZONES.map(call) }, ANSWER],
  'one program (code mode)': [{ calls: [{ name: 'execute_code', arguments: { code: PROGRAM, tools: true } }] }, ANSWER],
};

interface Done {
  readonly rounds: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly ms: number;
}

const tokens = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) / BYTES_PER_TOKEN;

let script: readonly FakeAnswer[] = [];
let thinkMs = 0;
let rounds = 0;
let tokensIn = 0;
let tokensOut = 0;

const model = await serveFakeOpenAi(async (body) => {
  const answer = script[rounds] ?? ANSWER;
  rounds += 1;
  tokensIn += tokens(body);
  tokensOut += tokens(answer);
  await sleep(thinkMs);
  return answer;
});
try {
  await bench();
} finally {
  stopServers();
  await model.stop();
}
process.exit(0);

async function bench(): Promise<void> {
  print(machine());
  const url = await startMesh();
  const results = new Map<string, Done[]>();
  for (let n = 0; n <= REPEATS; n += 1) {
    for (const [name, answers] of Object.entries(WAYS)) {
      thinkMs = n === 0 ? 0 : THINK_MS;
      const done = await run(url, answers);
      // The first ones compile the way there.
      if (n > 0) results.set(name, [...(results.get(name) ?? []), done]);
    }
  }
  const own = new Map<string, number>();
  thinkMs = 0;
  for (const [name, answers] of Object.entries(WAYS)) {
    const times: number[] = [];
    for (let n = 0; n < REPEATS; n += 1) times.push((await run(url, answers)).ms);
    own.set(name, median(times));
  }
  print(`\nTen tool calls and one line of output; the model takes ${THINK_MS} ms for each answer\n`);
  print(`| way | rounds of the model | tokens in | tokens out | time | of it the mesh |`);
  print(`|---|---:|---:|---:|---:|---:|`);
  for (const [name, runs] of results) print(row(name, runs, own.get(name) ?? Number.NaN));
}

function row(name: string, runs: readonly Done[], ownMs: number): string {
  const middle = (of: (done: Done) => number) => Math.round(median(runs.map(of))).toLocaleString('en');
  const time = median(runs.map(({ ms }) => ms)) / 1_000;
  const figures = [middle((done) => done.rounds), middle((done) => done.tokensIn), middle((done) => done.tokensOut)];
  return `| ${name} | ${figures.join(' | ')} | ${time.toFixed(2)} s | ${Math.round(ownMs)} ms |`;
}

async function run(url: string, answers: readonly FakeAnswer[]): Promise<Done> {
  script = answers;
  [rounds, tokensIn, tokensOut] = [0, 0, 0];
  const started = performance.now();
  const answer = await fetch(`${url}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: `Which of these zones is farthest ahead? ${ZONES.join(', ')}`, max_steps: 15 }),
  });
  const { response, tool_calls: calls } = Object(await answer.json());
  const ms = performance.now() - started;
  const failed = Array.isArray(calls) ? calls.filter(({ status }) => status !== 'ok') : [];
  if (response !== ANSWER.text || failed.length > 0) throw new Error(`the job was not done: ${JSON.stringify(failed)}`);
  return { rounds, tokensIn, tokensOut, ms };
}

/** Starts the five services; returns the address of the chat. */
async function startMesh(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-codemode-'));
  const port = await freePort();
  const hubUrl = `http://127.0.0.1:${port}`;
  const time = await startServer('services/time-client/src/main.ts', { PORT: '0' });
  const sandbox = await startServer('services/sandbox/src/main.ts', { PORT: '0', MCP_SERVER_URL: hubUrl });
  const executor = await startServer('services/code-executor/src/main.ts', { PORT: '0', SANDBOX_URL: sandbox.url });
  const mcpServers = { time: { url: `${time.url}/mcp` }, code: { url: `${executor.url}/mcp` } };
  writeFileSync(join(folder, 'mesh.json'), JSON.stringify({ mcpServers }));
  await startServer('services/mcp-server/src/main.ts', {
    PORT: String(port),
    MESH_CONFIG: join(folder, 'mesh.json'),
  });
  const middleware = await startServer('services/middleware/src/main.ts', {
    PORT: '0',
    MCP_SERVER_URL: hubUrl,
    LLM_PROVIDER: 'openai',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `${model.url}/v1`,
    OPENAI_MODEL: 'fake-model',
    CHAT_DATA_DIR: folder,
  });
  return middleware.url;
}
