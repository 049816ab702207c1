import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { SERVICES } from '../../mesh/services.ts';
import { judge, type Observation, type Outcome } from '../../soak/judge.ts';
import { renderReport } from '../../soak/report.ts';
import type { Sample } from '../../soak/samples.ts';

/** Duration of a real soak: some seconds make every kind of call several times, a minute shows a leak. */
const SOAK_SECONDS = IS_FULL ? 60 : 8;
const SECONDS = 100;
const MIB = 1_024 ** 2;
const everySecond = <T>(make: (at: number) => T): T[] => Array.from({ length: SECONDS }, (_, at) => make(at));
const steady = (at: number): Sample => ({ at, rssBytes: 100 * MIB, handles: 30, processes: 5 });
const call = (at: number): Outcome => ({ kind: 'chat', at, ms: 20 });
const seen = (over: Partial<Observation>): Observation => ({
  seconds: SECONDS,
  samples: new Map([['sandbox', everySecond(steady)]]),
  outcomes: everySecond(call),
  lost: [],
  ...over,
});
const sampled = (make: (at: number) => Partial<Sample>): Observation =>
  seen({ samples: new Map([['sandbox', everySecond((at) => ({ ...steady(at), ...make(at) }))]]) });

describe('a soak', () => {
  test.each([
    ['nothing changes', seen({})],
    ['memory goes up and down', sampled((at) => ({ rssBytes: (100 + (at % 10) * 8) * MIB }))],
    ['memory grows while all of it warms up', sampled((at) => ({ rssBytes: (at < 20 ? 50 + at * 5 : 150) * MIB }))],
    ['one call takes long', seen({ outcomes: everySecond((at) => ({ ...call(at), ms: at === 90 ? 9_000 : 20 })) })],
  ])('is passed when %s', (_name, observation) => {
    expect(judge(observation)).toEqual([]);
  });

  test.each([
    ['memory', sampled((at) => ({ rssBytes: (100 + 2 * at) * MIB })), 'sandbox: memory grew from 174 to 274 MiB'],
    ['handles', sampled((at) => ({ handles: 30 + at })), 'sandbox: handles grew from 67 to 117'],
    ['processes', sampled((at) => ({ processes: 5 + at })), 'sandbox: processes grew from 42 to 92'],
    [
      'the time of a call',
      seen({ outcomes: everySecond((at) => ({ ...call(at), ms: at < 60 ? 20 : 900 })) }),
      'chat: a call took 20 ms before and 900 ms at the end',
    ],
  ])('is not passed when %s grows', (_what, observation, problem) => {
    expect(judge(observation)).toEqual([problem]);
  });

  test('is not passed when a call is answered wrongly, a service goes away, or nothing is called', () => {
    const outcomes = everySecond((at) => (at % 50 === 0 ? { ...call(at), error: `status 500 at ${at}` } : call(at)));
    expect(judge(seen({ outcomes, lost: ['middleware', 'middleware'] }))).toEqual([
      'middleware went away',
      'chat: 2 calls went wrong, the first: status 500 at 0',
    ]);
    expect(judge(seen({ outcomes: [] }))).toEqual(['no call was made']);
  });

  test('is reported with what was wrong, as text', () => {
    const page = renderReport(seen({}), ['<b>wrong</b>'], 'a machine');
    expect(page).toContain('<li>&lt;b&gt;wrong&lt;/b&gt;</li>');
    expect(page).not.toContain('<b>');
  });

  test('drives a mesh, watches all of it, and writes a page that needs nothing else', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'soak-')), 'soak.html');
    const soak = fileURLToPath(new URL('../../soak/soak.ts', import.meta.url));
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const child = spawn(process.execPath, [soak, String(SOAK_SECONDS), path], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let says = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (says += text.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));

    expect(says).toMatch(new RegExp(`Soaking for ${SOAK_SECONDS} s with \\d\\d kinds of calls`));
    expect(says).not.toMatch(/went wrong|went away|no call/);
    // How fast a busy machine is says nothing of the tool; that its verdict is its exit code does.
    expect(code).toBe(says.includes('Nothing grew, nothing failed.') ? 0 : 1);
    const page = readFileSync(path, 'utf8');
    for (const { name } of SERVICES) expect(page).toContain(`>${name}</text>`);
    for (const title of ['Memory', 'Handles', 'Processes', 'Time of a call']) expect(page).toContain(title);
    for (const kind of ['chat, two tools', 'python', 'tool, MCP', 'tool, given up'])
      expect(page).toContain(`<td>${kind}`);
    expect(page.match(/<polyline points="[\d., ]+"/g)?.length).toBeGreaterThan(30);
    expect(page).not.toMatch(/<script|<link|src=|url\(|https?:/);
  }, 180_000);
});
