import { allFaces, type Face, type McpCaller, overMcp2025, overMcp2026 } from '../faces.ts';
import type { createReport, Step } from '../report.ts';
import { listed, startHubBefore, untilListed } from '../hub.ts';
import { BROWSER_SERVERS } from './browser-servers.ts';
import { HTTP_SERVERS } from './http-servers.ts';
import { NPM_SERVERS } from './npm-servers.ts';
import { PYTHON_SERVERS } from './python-servers.ts';
import { expectText, type ServerCase } from './server-case.ts';

const SERVERS: readonly ServerCase[] = [...NPM_SERVERS, ...PYTHON_SERVERS, ...BROWSER_SERVERS, ...HTTP_SERVERS];
/** A cold start of the slowest, on a machine that has other work. */
const UP_MS = 90_000;

/** Starts every server behind one hub, and uses each over every face. */
export async function runServers(report: ReturnType<typeof createReport>, wanted: RegExp): Promise<void> {
  const cases = SERVERS.filter(({ name }) => wanted.test(name));
  if (cases.length === 0) return;
  const entries: Record<string, object> = {};
  const problems = new Map<string, unknown>();
  for (const each of cases) {
    await each.entry().then(
      (entry) => (entries[keyOf(each)] = entry),
      (error: unknown) => problems.set(each.name, error),
    );
  }
  const hub = await startHubBefore(entries);
  try {
    for (const each of cases) {
      await report.subject({ kind: 'server', name: each.name, version: each.version }, async (step, row) => {
        if (problems.has(each.name)) throw problems.get(each.name);
        row.notes.push(...(each.notes ?? []));
        await untilListed(hub.url, keyOf(each), UP_MS);
        await useServer(each, { hub: hub.url, step });
      });
    }
  } finally {
    await hub.stop();
  }
}

const keyOf = ({ name }: ServerCase): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

async function useServer(each: ServerCase, { hub, step }: { hub: string; step: Step }): Promise<void> {
  await step('list', async () => {
    const tools = await listed(hub, keyOf(each));
    if (tools.length < each.tools) throw new Error(`lists ${tools.length} tools, ${each.tools} expected`);
  });
  const faces = await allFaces(hub);
  for (const face of faces) await step(face.name, () => makeCalls(each, face));
  await Promise.all(faces.map((face) => face.close()));
  if (each.offers !== undefined) await step('prompts and resources', () => useOffers(each, hub));
  if (each.session !== undefined) await step('two sessions in parallel', () => useTwoSessions(each, hub));
}

async function makeCalls({ calls }: ServerCase, face: Face): Promise<void> {
  const word = face.name.replaceAll(/[^A-Za-z0-9]/g, '');
  for (const { tool, args, says, isError = false, check } of calls) {
    const result = await face.call(tool, args(word));
    if (result.isError !== isError) throw new Error(`${tool}: is_error ${result.isError}: ${result.text}`);
    if (says !== undefined) expectText(result, says);
    check?.(result);
  }
}

async function useOffers({ offers = {} }: ServerCase, hub: string): Promise<void> {
  const { prompt, promptArgs = {}, resource } = offers;
  for (const caller of [await overMcp2025(hub), overMcp2026(hub)] satisfies McpCaller[]) {
    if (prompt !== undefined) {
      const { messages } = await caller.request('prompts/get', { name: prompt, arguments: promptArgs });
      if (messages.length === 0) throw new Error(`${caller.name}: prompt ${prompt} is empty`);
    }
    if (resource !== undefined) {
      const { contents } = await caller.request('resources/read', { uri: resource });
      if (contents.length === 0) throw new Error(`${caller.name}: resource ${resource} is empty`);
    }
    await caller.close();
  }
}

async function useTwoSessions({ session }: ServerCase, hub: string): Promise<void> {
  const use = async (own: string) => {
    const caller = await overMcp2025(hub);
    await session?.(caller.call, own);
    await caller.close();
  };
  await Promise.all([use('Amsel'), use('Drossel')]);
}
