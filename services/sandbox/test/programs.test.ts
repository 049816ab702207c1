import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, post, request } from '@toolmesh/shared/test-kit/requests';
import { baseLayerPackages } from '../src/runtimes/python-namespaces/base-layer.ts';
import { BUILT_FOLDERS } from './built-layer.ts';
import { NO_INDEX } from './hostile/packages.ts';
import { type Program, readCorpus } from './programs/corpus.ts';
import { faultsOf } from './programs/judge.ts';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

// The programs that people and models write, each with what its author expects (programs/corpus.ts has the format).

const corpus = readCorpus(new URL('./programs/', import.meta.url));
const PROGRAMS_AT_ONCE = 2;

/** Names of the packages in the base layer (`npm run python-layer`). */
const provided = new Set((await Promise.all(BUILT_FOLDERS.map(baseLayerPackages))).flat().map(({ name }) => name));

describe.each(PYTHON_LEVELS)('under %s:', (level) => {
  let sandbox: Sandbox;
  let faults: ReadonlyMap<Program, Promise<readonly string[] | undefined>> = new Map();
  beforeAll(async () => {
    // What sessions of another isolation have kept is not for this one.
    const SANDBOX_DATA_DIR = mkdtempSync(join(tmpdir(), 'toolmesh-programs-'));
    chmodSync(SANDBOX_DATA_DIR, 0o755);
    sandbox = await startSandbox({ ...NO_INDEX, SANDBOX_ISOLATION: level, SANDBOX_DATA_DIR });
    const { body } = await request(`${sandbox.url}/health`);
    faults = runAll(
      corpus.flatMap(({ programs }) => programs),
      sandbox,
      body.isolation,
    );
  }, 120_000);
  afterAll(() => sandbox?.stop());

  describe.each(corpus)('$name', ({ programs }) => {
    test.each(programs.filter((program) => isMeant(program, level)))(
      '$name',
      async (program) => {
        expect((await faults.get(program)) ?? []).toEqual([]);
      },
      900_000,
    );
  });
});

/** A program that needs what the isolation of its language has not is none of this machine's. */
function isMeant({ language, needs, only }: Program, level: string): boolean {
  if (!needs.every((name) => provided.has(name) && level === 'namespaces')) return false;
  return language !== 'python' || only === undefined || only.includes(level);
}

/** Runs programs a few at a time; a program for another isolation than its language has here has no faults. */
function runAll(
  programs: readonly Program[],
  sandbox: Sandbox,
  isolations: Readonly<Record<string, string>>,
): ReadonlyMap<Program, Promise<readonly string[] | undefined>> {
  const lanes: Promise<unknown>[] = Array.from({ length: PROGRAMS_AT_ONCE }, () => Promise.resolve());
  const runs = programs.map((program, i): [Program, Promise<readonly string[] | undefined>] => {
    const isolation = isolations[program.language];
    const isHere =
      isolation !== undefined && isMeant(program, isolation) && program.only?.includes(isolation) !== false;
    const before = lanes[i % PROGRAMS_AT_ONCE] ?? Promise.resolve();
    const run = before.then(() => (isHere ? runOne(program, sandbox, isolation) : undefined));
    lanes[i % PROGRAMS_AT_ONCE] = run.catch(() => {});
    return [program, run];
  });
  return new Map(runs);
}

async function runOne({ calls }: Program, { url }: Sandbox, isolation: string): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { request: program, expectedUnder } of calls) {
    faults.push(...faultsOf(await callWhenFree(url, program), expectedUnder(isolation)));
  }
  return faults;
}

/** Asks again while every worker is taken, as the answer's Retry-After says. */
async function callWhenFree(url: string, program: object): Promise<Answer> {
  for (;;) {
    const answer = await post(`${url}/tools/execute_code`, { arguments: program });
    if (answer.status !== 503) return answer;
    await sleep(500);
  }
}
