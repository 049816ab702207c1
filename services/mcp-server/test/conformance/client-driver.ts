/**
 * What the conformance suite starts as the client under test: the hub's upstream, told by the name of the scenario
 * what to ask of the server whose URL is the last argument. It ends with 1 when a call was not answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@toolmesh/shared/logger';
import { z } from 'zod';
import { createHttpLinks } from '../../src/upstreams/http-links.ts';
import { createMcpUpstream } from '../../src/upstreams/mcp-upstream.ts';
import type { Caller, McpRequest, McpResult, Upstream } from '../../src/upstreams/upstream.ts';

const url = process.argv.at(-1) ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
/** Longer than any of the suite's servers takes. */
const PATIENCE_MS = 10_000;

const Context = z.object({
  toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })).default([]),
});

/** A caller of 2025 whose user accepts every form as it was filled in beforehand. */
const caller: Caller = {
  signal: AbortSignal.timeout(PATIENCE_MS),
  capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
  takesInputRequired: false,
  ask: async ({ method, params }) => {
    if (method !== 'elicitation/create') throw new Error(`${method} is not asked by any scenario`);
    return { action: 'accept', content: prefilled(params['requestedSchema']) };
  },
};

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

/** What the scenarios need called; without an entry, everything is called that is offered. */
function requestsFor({ offer }: Upstream): readonly McpRequest[] {
  const call = (name: string, args: McpResult = {}) => ({ method: 'tools/call', params: { name, arguments: args } });
  if (scenario === 'http-custom-headers') {
    const { toolCalls } = Context.parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'));
    return toolCalls.map(({ name, arguments: args }) => call(name, args));
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

const upstream = createMcpUpstream({
  name: 'suite',
  config: { kind: 'url', url, headers: {}, disabled: false, tools: {}, max_concurrency: 16 },
  defaultTimeoutMs: PATIENCE_MS,
  logger: createLogger({ service: 'client-driver', level: 'warn' }),
  links: (onNotification) => createHttpLinks({ url, headers: {}, connectTimeoutMs: 2_000, onNotification }),
  onChange: () => {},
  onResourceUpdated: () => {},
});
const isSettled = () => upstream.status === 'up' || upstream.lastError !== undefined;
for (const deadline = performance.now() + PATIENCE_MS; !isSettled() && performance.now() < deadline;) await sleep(10);
if (upstream.status !== 'up') throw new Error(upstream.lastError);
for (const request of requestsFor(upstream)) {
  const result = await upstream.request(request, caller);
  process.stdout.write(`${request.method}: ${JSON.stringify(result).slice(0, 500)}\n`);
}
await upstream.close();
