import { EXECUTE_TIMEOUT_MS } from '@toolmesh/shared/contracts/execution';
import { INSTALL_TIMEOUT_MS } from '@toolmesh/shared/contracts/packages';
import { ToolResult } from '@toolmesh/shared/contracts/tool';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createBreaker } from '@toolmesh/shared/kit/faults/resilience';
import { createHttpClient, type EventListener } from '@toolmesh/shared/kit/http/client';
import type { CheckNote } from '@toolmesh/shared/kit/http/readiness';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';

export interface SandboxClient {
  /**
   * Has the sandbox run one of its tools, and hands its output to a caller that wants it as it comes.
   * @throws MeshError when the tool was not run: sandbox down, slow or full, arguments refused.
   */
  callTool(call: SandboxCall, context: ToolContext): Promise<ToolResult>;
  /** Returns what the sandbox says of its libraries. @throws MeshError when it does not answer that it is ready. */
  check(signal: AbortSignal): Promise<CheckNote | void>;
}

export interface SandboxCall {
  readonly tool: string;
  readonly args: unknown;
  readonly totalMs: number;
}

const CONNECT_MS = 2_000;

const Ready = z.object({
  status: z.literal('ready'),
  checks: z
    .object({ python_layer: z.object({ status: z.string(), detail: z.string().optional() }).optional() })
    .default({}),
});
const Event = z.looseObject({ data: z.unknown() });
const dataOf = (event: unknown): unknown => Event.safeParse(event).data?.data;

export function createSandboxClient(baseUrl: string, apiKey: string | undefined): SandboxClient {
  const headers = apiKey === undefined ? {} : { 'x-api-key': apiKey };
  const client = createHttpClient({
    name: 'The sandbox',
    baseUrl,
    headers,
    timeouts: { connectMs: CONNECT_MS, idleMs: INSTALL_TIMEOUT_MS, totalMs: EXECUTE_TIMEOUT_MS },
    breaker: createBreaker({ name: 'The sandbox' }),
  });
  const stream = async ({ tool, args, totalMs }: SandboxCall, { signal, chunk }: ToolContext): Promise<ToolResult> => {
    let answer: unknown;
    const onEvent: EventListener = (event, data) => {
      if (event === 'chunk') chunk(dataOf(data));
      else if (event === 'result') answer = dataOf(data);
      else if (event === 'error') throw MeshError.fromBody(data) ?? new Error('an error event without an error');
    };
    await client.postForEvents(`/tools/${tool}/stream`, { body: { arguments: args }, onEvent, signal, totalMs });
    const result = ToolResult.safeParse(answer);
    if (result.success) return result.data;
    throw new MeshError('upstream_failed', 'The sandbox ended its answer without a result', { cause: result.error });
  };
  return {
    callTool: (call, context) => {
      if (context.wantsProgress) return stream(call, context);
      const { tool, args, totalMs } = call;
      const { signal } = context;
      return client.post(`/tools/${tool}`, { body: { arguments: args }, answer: ToolResult, signal, totalMs });
    },
    check: async (signal) => {
      const { checks } = await client.get('/ready', { answer: Ready, signal });
      const { status, detail } = checks.python_layer ?? {};
      if (detail === undefined) return;
      return status === 'degraded' ? { degraded: detail } : { detail };
    },
  };
}
