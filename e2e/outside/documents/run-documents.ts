import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { overRest } from '../faces.ts';
import { startHubBefore, untilListed } from '../hub.ts';
import type { createReport, Row, Step } from '../report.ts';
import type { DocumentCase, Received } from './document-case.ts';
import { DOCUMENTS } from './documents.ts';

const UP_MS = 90_000;

/** Reads every document behind one hub, and makes some calls of each. */
export async function runDocuments(report: ReturnType<typeof createReport>, wanted: RegExp): Promise<void> {
  const cases = DOCUMENTS.filter(({ name }) => wanted.test(name));
  if (cases.length === 0) return;
  const echo = await serveEcho();
  const entries: Record<string, object> = {};
  const problems = new Map<string, unknown>();
  for (const each of cases) {
    await each.entry(echo.url).then(
      (entry) => (entries[keyOf(each)] = entry),
      (error: unknown) => problems.set(each.name, error),
    );
  }
  const hub = await startHubBefore(entries);
  try {
    for (const each of cases) {
      await report.subject({ kind: 'document', name: each.name, version: each.version }, async (step, row) => {
        if (problems.has(each.name)) throw problems.get(each.name);
        row.notes.push(...(each.notes ?? []));
        await untilListed(hub.url, keyOf(each), UP_MS);
        await checkList(each, { hub: hub.url, step, row });
        await step(`${each.calls.length} calls`, () => makeCalls(each, { hub: hub.url, last: echo.last }));
      });
    }
  } finally {
    await hub.stop();
    await echo.stop();
  }
}

const keyOf = ({ name }: DocumentCase): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** Serves any request with what it is, as JSON. */
async function serveEcho() {
  let last: Received | undefined;
  const server = await serveRaw((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.once('end', () => {
      const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
      last = { method: req.method ?? '', url: req.url ?? '', headers, body: Buffer.concat(chunks).toString('latin1') };
      res.setHeader('content-type', 'application/json').end(JSON.stringify(last));
    });
  });
  return { ...server, last: () => last };
}

interface ListCheck {
  readonly hub: string;
  readonly step: Step;
  readonly row: Row;
}

async function checkList(each: DocumentCase, { hub, step, row }: ListCheck): Promise<void> {
  await step('list', async () => {
    const { body } = await request(`${hub}/tools`);
    const { body: stats } = await request(`${hub}/stats`);
    const tools = body.tools.filter(({ server }: { server: string }) => server === keyOf(each));
    const kib = Math.round(JSON.stringify(tools).length / 1_024);
    const defects: readonly { readonly action: string; readonly reason: string }[] =
      stats.upstreams[keyOf(each)].defects ?? [];
    const leftOut = defects.filter(({ action }) => action === 'left_out');
    const reasons = [...new Set(leftOut.map(({ reason }) => reason))].join('; ');
    row.notes.unshift(`${tools.length} tools, ${kib} KiB${leftOut.length === 0 ? '' : `; left out: ${reasons}`}`);
    if (tools.length < each.operations) throw new Error(`${tools.length} tools of ${each.operations}: ${reasons}`);
    if (leftOut.length > (each.leftOut ?? 0)) throw new Error(`${leftOut.length} operations left out: ${reasons}`);
    if (kib > each.listKib) throw new Error(`lists ${kib} KiB, more than ${each.listKib}`);
  });
}

async function makeCalls({ calls }: DocumentCase, { hub, last }: { hub: string; last: () => Received | undefined }) {
  const face = overRest(hub);
  for (const { tool, args, holds } of calls) {
    const result = await face.call(tool, args);
    const received = last() ?? { method: '', url: '', headers: {}, body: '' };
    const seen = `result ${result.text.slice(0, 300)}; last request ${JSON.stringify(received).slice(0, 300)}`;
    if (!holds({ received, result })) throw new Error(`${tool}: ${seen}`);
  }
}
