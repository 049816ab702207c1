/** The hub's client as the conformance suite tests it: does what a scenario wants done with the hub's upstreams. */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { createBulkhead } from '@toolmesh/shared/kit/faults/resilience';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { z } from 'zod';
import { createHttpConnections } from '../../src/upstreams/mcp/http-connections.ts';
import { createMcpUpstream } from '../../src/upstreams/mcp/mcp-upstream.ts';
import type { McpRequest, McpResult } from '@toolmesh/shared/mcp/protocol';
import type { Caller, Upstream } from '../../src/upstreams/upstream.ts';

/** Longer than any of the suite's servers takes; the run is made again where a busy machine takes longer. */
const TIMEOUT_MS = 12_000;
const LIMITS = { handshakeMs: TIMEOUT_MS, listMs: TIMEOUT_MS };
/** The suite starts all of its scenarios at once. */
const AT_ONCE = 4;

const Order = z.object({ scenario: z.string(), url: z.url(), context: z.string() });
type Order = z.output<typeof Order>;

const logger = createLogger({ service: 'client-driver', level: 'info' });

const inTurn = createBulkhead({ name: 'The driver', limit: AT_ONCE, queue: 1_000 });

const { url: listeningAt } = await serveRaw((req, res) => {
  const done = text(req).then((body) =>
    inTurn.run(() => run(Order.parse(JSON.parse(body))), new AbortController().signal),
  );
  done.then(
    (results) => res.end(results),
    (error: unknown) => res.writeHead(500).end(String(error)),
  );
});
logger.info({ url: listeningAt }, 'listening');

/** Connects and calls all that the scenario needs. @throws what a call that was not answered throws. */
async function run(order: Order): Promise<string> {
  const { url } = order;
  const upstream = createMcpUpstream({
    name: order.scenario,
    config: { kind: 'url', url, headers: {}, disabled: false, required: false, tools: {}, max_concurrency: 16 },
    defaultTimeoutMs: TIMEOUT_MS,
    limits: LIMITS,
    logger,
    connections: (onNotification) =>
      createHttpConnections({
        name: 'conformance',
        url,
        headers: {},
        connectTimeoutMs: 10_000,
        limits: LIMITS,
        waitMs: TIMEOUT_MS,
        onNotification,
      }),
    onChange: () => {},
    onResourceUpdated: () => {},
  });
  try {
    // Who is not let in is so at once; anything else may be a matter of time.
    const isOver = () => order.scenario.startsWith('auth/') && upstream.lastError !== undefined;
    const isSettled = () => upstream.status === 'up' || isOver();
    for (const end = performance.now() + TIMEOUT_MS; !isSettled() && performance.now() < end;) await sleep(10);
    if (upstream.status !== 'up') throw new Error(upstream.lastError);
    const results: McpResult[] = [];
    for (const request of requestsFor(order, upstream)) results.push(await upstream.request(request, createCaller()));
    return JSON.stringify(results);
  } finally {
    await upstream.close();
  }
}

/** A caller of 2025 whose user accepts every form as it was filled in beforehand. */
const createCaller = (): Caller => ({
  signal: AbortSignal.timeout(TIMEOUT_MS),
  capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
  takesInputRequired: false,
  ask: async ({ method, params }) => {
    if (method !== 'elicitation/create') throw new Error(`${method} is not asked by any scenario`);
    return { action: 'accept', content: prefilled(params['requestedSchema']) };
  },
});

const Field = z.looseObject({ type: z.string().optional(), default: z.unknown().optional() });
const Form = z.looseObject({ properties: z.record(z.string(), Field).default({}) });

function prefilled(schema: unknown): McpResult {
  const fields = Object.entries(Form.parse(schema).properties);
  return Object.fromEntries(fields.map(([key, { type, default: given }]) => [key, given ?? valueOf(type)]));
}

function valueOf(type: string | undefined): unknown {
  if (type === 'boolean') return true;
  return type === 'integer' || type === 'number' ? 1 : 'answer';
}

const Context = z.object({
  toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })).default([]),
});

/** Returns the calls that a scenario needs; of scenarios without an entry, all that is offered. */
function requestsFor({ scenario, context }: Order, { offer }: Upstream): readonly McpRequest[] {
  const call = (name: string, args: McpResult = {}) => ({ method: 'tools/call', params: { name, arguments: args } });
  if (scenario === 'http-custom-headers') {
    return Context.parse(JSON.parse(context)).toolCalls.map(({ name, arguments: args }) => call(name, args));
  }
  if (scenario === 'json-schema-2020-12-preservation') {
    const rich = offer.tools.find(({ name }) => name !== 'json_schema_echo');
    return [call('json_schema_echo', { schema: rich?.inputSchema })];
  }
  if (scenario === 'initialize' || scenario === 'json-schema-ref-no-deref') return [];
  return [
    ...offer.tools.map(({ name, inputSchema }) => call(name, prefilled(inputSchema))),
    ...offer.resources.map(({ uri }) => ({ method: 'resources/read', params: { uri } })),
    ...offer.prompts.map(({ name }) => ({ method: 'prompts/get', params: { name } })),
  ];
}
