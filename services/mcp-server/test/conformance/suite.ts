import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export type Revision = '2025-11-25' | '2026-07-28';

/** The results of the suite, in checks; the scenarios that count apart from those that it runs for information alone. */
export interface Verdict {
  /** True when no unexpected check failed and every expected failure failed. */
  readonly isAsExpected: boolean;
  readonly scored: Counts;
  readonly notScored: Counts;
  /** The last part of its output. */
  readonly summary: string;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const PACKAGE = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'));
/** Time limit of one scenario. None waits for anything but us, but they are many at once. */
const SCENARIO_TIMEOUT_MS = 90_000;

/** Runs what `revision` requires of a server against `url`. `expected`: a file of failures that are expected. */
export const runServerSuite = (url: string, revision: Revision, expected?: string): Promise<Verdict> =>
  runSuite(['server', '--url', url], revision, expected);

/** Runs what `revision` requires of a client, which `driver` is told to do. */
export function runClientSuite(driver: string, revision: Revision, expected?: string): Promise<Verdict> {
  const relay = fileURLToPath(new URL('./client-relay.mjs', import.meta.url));
  return runSuite(['client', '--command', `${process.execPath} ${relay} ${driver}`], revision, expected);
}

async function runSuite(args: readonly string[], revision: Revision, expected: string | undefined): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  const all = [...args, '--requirements', revision, '--timeout', String(SCENARIO_TIMEOUT_MS), '-o', folder];
  if (expected !== undefined) all.push('--expected-failures', fileURLToPath(new URL(expected, import.meta.url)));
  const child = spawn(process.execPath, [join(PACKAGE, 'dist/index.js'), ...all], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const [code] = await once(child, 'close');
  await rm(folder, { recursive: true });
  const summary = output.slice(Math.max(0, output.lastIndexOf('SUMMARY')));
  return { ...countsIn(summary, notScoredOf(revision)), isAsExpected: code === 0, summary };
}

const Requirements = z.object({ not_scored: z.array(z.object({ scenario: z.string() })) });

/** The scenarios that the suite runs for `revision` without counting them. */
function notScoredOf(revision: Revision): ReadonlySet<string> {
  const text = readFileSync(join(PACKAGE, 'requirements', `${revision}.yaml`), 'utf8');
  return new Set(Requirements.parse(parse(text)).not_scored.map(({ scenario }) => scenario));
}

function countsIn(summary: string, notScored: ReadonlySet<string>) {
  const scored = { passed: 0, failed: 0 };
  const others = { passed: 0, failed: 0 };
  for (const [, name = '', passed, failed] of summary.matchAll(/^\S+ (\S+): (\d+) passed, (\d+) failed/gm)) {
    const counts = notScored.has(name) ? others : scored;
    counts.passed += Number(passed);
    counts.failed += Number(failed);
  }
  return { scored, notScored: others };
}
