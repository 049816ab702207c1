import { isHubTool } from '@toolmesh/shared/contracts/hub-tools';
import { EXECUTE_TIMEOUT_MS } from '@toolmesh/shared/contracts/execution';
import { type Tool, ToolAnnotations, ToolResult, UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import { createHttpClient } from '@toolmesh/shared/kit/http/client';
import { currentContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { z } from 'zod';
import { createToolList, type ToolList } from './tool-list.ts';

/** The hub, as programs reach it: through this service, in the name of their caller. */
export interface ToolHub {
  /** Returns the tools that the caller of the current request may call, at most a few seconds old. */
  tools(signal: AbortSignal): Promise<ToolList>;
  /** Returns the same as they are now, unless they were read a moment ago. */
  toolsNow(signal: AbortSignal): Promise<ToolList>;
  /** @throws MeshError for a call that did not run */
  call(name: string, args: unknown, signal: AbortSignal): Promise<ToolResult>;
}

export interface ToolHubOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
}

const CONNECT_MS = 2_000;
const LIST_MS = 10_000;
const LIST_TTL_MS = 5_000;
const FRESH_MS = 500;
const MAX_LISTS = 32;
/** A list of thousands of tools, or one result: base64 in JSON, and room for the rest. */
const MAX_RESPONSE_BYTES = 16 * 1_024 ** 2;

const Schema = z.record(z.string(), z.unknown());
const Tools = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      input_schema: Schema,
      output_schema: Schema.optional(),
      annotations: ToolAnnotations,
      status: UpstreamStatus.optional(),
      original_name: z.string().optional(),
    }),
  ),
});

interface Listed {
  readonly readAt: number;
  readonly list: Promise<ToolList>;
}

/** Connects to the hub. What a request carries to the next service (who calls, and for which run) goes with each call. */
export function createToolHub({ baseUrl, apiKey }: ToolHubOptions): ToolHub {
  const client = createHttpClient({
    name: 'The hub',
    baseUrl,
    headers: apiKey === undefined ? {} : { 'x-api-key': apiKey },
    // A run ends its calls; these are for the case that it does not.
    timeouts: { connectMs: CONNECT_MS, idleMs: EXECUTE_TIMEOUT_MS, totalMs: EXECUTE_TIMEOUT_MS },
    maxResponseBytes: MAX_RESPONSE_BYTES,
  });
  const lists = new Map<string, Listed>();

  const read = async (): Promise<ToolList> => {
    const { tools } = await client.get('/tools', {
      answer: Tools,
      signal: AbortSignal.timeout(LIST_MS),
      totalMs: LIST_MS,
    });
    return createToolList(tools.filter(({ name }) => !isHubTool(name)).map(asTool));
  };
  const listed = (maxAgeMs: number): Promise<ToolList> => {
    const key = viewOf(currentContext()?.callTicket);
    const known = lists.get(key);
    if (known !== undefined && performance.now() - known.readAt < maxAgeMs) return known.list;
    const fresh = { readAt: performance.now(), list: read() };
    lists.delete(key);
    lists.set(key, fresh);
    fresh.list.catch(() => {
      if (lists.get(key) === fresh) lists.delete(key);
    });
    for (const oldest of [...lists.keys()].slice(0, Math.max(0, lists.size - MAX_LISTS))) lists.delete(oldest);
    return fresh.list;
  };

  return {
    tools: () => listed(LIST_TTL_MS),
    toolsNow: () => listed(FRESH_MS),
    call: (name, args, signal) =>
      client.post(`/tools/${encodeURIComponent(name)}`, { body: { arguments: args }, answer: ToolResult, signal }),
  };
}

/** Tickets of the same view of the tools begin alike (the hub's `call-tickets.ts`). */
const viewOf = (ticket: string | undefined): string => ticket?.split('.')[0] ?? '';

type ListedTool = z.output<typeof Tools>['tools'][number];

function asTool({ output_schema, status, original_name, ...tool }: ListedTool): Tool {
  return {
    ...tool,
    ...(output_schema === undefined ? {} : { output_schema }),
    ...(status === undefined ? {} : { status }),
    ...(original_name === undefined ? {} : { original_name }),
  };
}
