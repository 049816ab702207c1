import { join } from 'node:path';
import { startHubBefore, untilListed } from '../hub.ts';
import { npm } from '../parts.ts';
import type { createReport } from '../report.ts';
import { BRIDGE_CLIENTS } from './bridge-clients.ts';
import type { ClientCase } from './client-case.ts';
import { PYTHON_CLIENTS } from './python-clients.ts';
import { TYPESCRIPT_CLIENTS } from './typescript-clients.ts';

const CLIENTS: readonly ClientCase[] = [...TYPESCRIPT_CLIENTS, ...PYTHON_CLIENTS, ...BRIDGE_CLIENTS];
const UP_MS = 60_000;

/** Lets every client use a hub before the reference server, which has something of everything. */
export async function runClients(report: ReturnType<typeof createReport>, wanted: RegExp): Promise<void> {
  const cases = CLIENTS.filter(({ name }) => wanted.test(name));
  if (cases.length === 0) return;
  const script = join(await npm('servers'), '@modelcontextprotocol/server-everything/dist/index.js');
  const hub = await startHubBefore({ everything: { command: process.execPath, args: [script] } });
  try {
    await untilListed(hub.url, 'everything', UP_MS);
    for (const { name, version, use } of cases) {
      await report.subject({ kind: 'client', name, version }, (step, row) => use({ hub: hub.url, step, row }));
    }
  } finally {
    await hub.stop();
  }
}
