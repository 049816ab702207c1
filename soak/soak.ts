// `npm run soak [seconds] [report]`: drives every kind of call against a mesh of its own, ten minutes by default, watches
// memory, handles, processes and latency of all five services, and writes a report with plots. Exits 1 when something
// grew, slowed down, went away or was answered wrongly.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { print } from '../bench/figures.ts';
import { meshWithCommand } from '../e2e/command-upstream.ts';
import { serveFakeOpenAi } from '../e2e/fake-openai.ts';
import { type Mesh, startMesh } from '../e2e/mesh.ts';
import { SERVICES } from '../mesh/services.ts';
import { type Call, createCalls } from './calls.ts';
import { judge, type Outcome } from './judge.ts';
import { renderReport } from './report.ts';
import { type Sample, sampleProcess } from './samples.ts';

const seconds = Number(process.argv[2] ?? 600);
const path = process.argv[3] ?? 'reports/soak.html';
if (!Number.isFinite(seconds) || seconds < 4) {
  print(`How many seconds? Expected a number of at least 4, came "${process.argv[2]}".`);
  process.exit(2);
}
/** Callers at the same time, and the pause of each between two calls: a steady load well below what the mesh can take. */
const CALLERS = 4;
const PAUSE_MS = 25;
const SAMPLE_MS = 500;
const REPORT_EVERY_S = 60;
/** Twice what a service needs. */
const HEAP_MIB = 128;

const provider = await serveFakeOpenAi(() => ({ text: 'Hello.' }));
const mesh = await startMesh({
  LLM_PROVIDER: 'demo',
  OPENAI_API_KEY: 'none',
  OPENAI_BASE_URL: `${provider.url}/v1`,
  MESH_CONFIG: meshWithCommand(),
  // With little room the collector comes often: what it leaves is what is kept. A leak ends in a process that goes away.
  NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
});
let problems: readonly string[] = ['the soak did not come to its end'];
try {
  problems = await soak(mesh);
} finally {
  await mesh.stop();
  await provider.stop();
}
process.exit(problems.length === 0 ? 0 : 1);

async function soak(running: Mesh): Promise<readonly string[]> {
  const { calls, close } = await createCalls(running);
  const pids = SERVICES.map(({ name }) => [name, running.pidOf(name) ?? 0] as const);
  const samples = new Map<string, Sample[]>(SERVICES.map(({ name }) => [name, []]));
  const outcomes: Outcome[] = [];
  const lost: string[] = [];
  print(`Soaking for ${seconds} s with ${calls.length} kinds of calls ...`);

  const started = performance.now();
  const now = () => (performance.now() - started) / 1_000;
  let next = 0;
  const callAgainAndAgain = async () => {
    while (now() < seconds) {
      const call = calls[(next += 1) % calls.length];
      if (call !== undefined) outcomes.push(await outcomeOf(call, now));
      await sleep(PAUSE_MS);
    }
  };
  const watch = async () => {
    let nextReport = REPORT_EVERY_S;
    while (now() < seconds) {
      for (const [name, pid] of pids) {
        const sample = sampleProcess(pid, now());
        if (sample === undefined) lost.push(name);
        else samples.get(name)?.push(sample);
      }
      if (now() > nextReport) print(`  ${nextReport} s, ${outcomes.length} calls`);
      if (now() > nextReport) nextReport += REPORT_EVERY_S;
      await sleep(SAMPLE_MS);
    }
  };
  await Promise.all([watch(), ...Array.from({ length: CALLERS }, callAgainAndAgain)]);
  await close();

  const observation = { seconds, samples, outcomes, lost };
  const found = judge(observation);
  const [cpu] = cpus();
  const machine = `Node ${process.version}, ${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${CALLERS} callers`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, renderReport(observation, found, machine));
  print(`${outcomes.length} calls; the report is ${path}`);
  for (const problem of found) print(`  ${problem}`);
  print(found.length === 0 ? 'Nothing grew, nothing failed.' : `${found.length} things are wrong.`);
  return found;
}

async function outcomeOf({ kind, run }: Call, now: () => number): Promise<Outcome> {
  const started = performance.now();
  const outcome = () => ({ kind, at: now(), ms: performance.now() - started });
  try {
    await run();
    return outcome();
  } catch (error) {
    return { ...outcome(), error: Error.isError(error) ? error.message : String(error) };
  }
}
