import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serveTools, startService } from '@toolmesh/shared/testing';
import { type Era, startFixture } from './fixture.ts';
import { KIT_TOOLS } from './kit-tools.ts';
import { type Revision, runClientSuite, runServerSuite, type Verdict } from './suite.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url);
const DRIVER = new URL('./client-driver.ts', import.meta.url);

const running: { stop(graceMs: number): Promise<void> }[] = [];

async function startHub(eras: readonly Era[]): Promise<string> {
  const fixture = await startFixture({ eras });
  running.push(fixture);
  const mesh = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
  writeFileSync(mesh, JSON.stringify({ mcpServers: { fixture: { url: fixture.url } } }));
  const hub = await startService(MAIN, { MESH_CONFIG: mesh, LOG_LEVEL: 'warn' });
  running.push(hub);
  return `${hub.url}/mcp`;
}

async function startKit(): Promise<string> {
  const kit = await serveTools(KIT_TOOLS);
  running.push(kit);
  return `${kit.url}/mcp`;
}

/** Each with the checks that pass and fail, of the scenarios that count. */
const RUNS: readonly [
  string,
  Revision,
  (revision: Revision) => Promise<Verdict>,
  { passed: number; failed: number },
][] = [
  [
    'the hub',
    '2025-11-25',
    async (r) => runServerSuite(await startHub(['modern', 'legacy']), r),
    { passed: 0, failed: 0 },
  ],
  ['the hub', '2026-07-28', async (r) => runServerSuite(await startHub(['modern']), r), { passed: 0, failed: 0 }],
];

const verdicts = new Map<string, Promise<Verdict>>();
beforeAll(() => {
  for (const [what, revision, run] of RUNS) verdicts.set(`${what} ${revision}`, run(revision));
});
afterAll(async () => {
  await Promise.all(running.map((part) => part.stop(0)));
});
test('x', async () => {
  expect(startKit).toBeDefined();
  expect(runClientSuite).toBeDefined();
  expect(DRIVER).toBeDefined();
});
