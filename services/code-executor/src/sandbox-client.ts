import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  EXECUTE_CODE,
  EXECUTE_TIMEOUT_MS,
  type ExecuteArguments,
  ExecutionResult,
} from '@toolmesh/shared/contracts/execution';
import { createHttpClient, type EventListener } from '@toolmesh/shared/kit/http/client';
import { INSTALL_TIMEOUT_MS } from '@toolmesh/shared/contracts/packages';
import { createBreaker } from '@toolmesh/shared/kit/faults/resilience';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';

export interface SandboxClient {
  /** Hands output to a listening caller as it comes. @throws MeshError when the program was not run: sandbox down, slow or full. */
  execute(program: ExecuteArguments, context: ToolContext): Promise<ExecutionResult>;
  /** Calls another of its tools. @throws MeshError when that did not run. */
  callTool<T>(tool: ForwardedTool<T>, args: object, signal: AbortSignal): Promise<T>;
  /** @throws MeshError when the sandbox does not say that it is ready. */
  check(signal: AbortSignal): Promise<void>;
}

export interface ForwardedTool<T> {
  readonly name: string;
  readonly output: z.ZodType<T>;
}

const CONNECT_MS = 2_000;
/** Time allowed beyond a run's own timeout: the wait for a free worker, and a margin. */
const MARGIN_MS = 12_500;

/** Packages may have to be installed first, which takes what it takes. */
const timeFor = ({ packages = [], timeout_ms }: ExecuteArguments): number =>
  packages.length === 0 ? timeout_ms + MARGIN_MS : EXECUTE_TIMEOUT_MS;

const Event = z.looseObject({ data: z.unknown() });
const dataOf = (event: unknown): unknown => Event.safeParse(event).data?.data;
const Answer = z.looseObject({ structured_content: z.unknown() });
const Outcome = z.looseObject({ structured_content: ExecutionResult });

export function createSandboxClient(baseUrl: string, apiKey: string | undefined): SandboxClient {
  const headers = apiKey === undefined ? {} : { 'x-api-key': apiKey };
  const client = createHttpClient({
    name: 'The sandbox',
    baseUrl,
    headers,
    timeouts: { connectMs: CONNECT_MS, idleMs: INSTALL_TIMEOUT_MS, totalMs: EXECUTE_TIMEOUT_MS },
    breaker: createBreaker({ name: 'The sandbox' }),
  });
  const stream = async (program: ExecuteArguments, { signal, chunk }: ToolContext): Promise<ExecutionResult> => {
    let answer: unknown;
    const hear: EventListener = (event, data) => {
      if (event === 'chunk') chunk(dataOf(data));
      else if (event === 'result') answer = dataOf(data);
      else if (event === 'error') throw MeshError.fromBody(data) ?? new Error('an error event without an error');
    };
    const options = { signal, totalMs: timeFor(program) };
    await client.postForEvents(`/tools/${EXECUTE_CODE}/stream`, { arguments: program }, hear, options);
    const result = Outcome.safeParse(answer);
    if (result.success) return result.data.structured_content;
    throw new MeshError('upstream_failed', 'The sandbox ended its answer without a result', { cause: result.error });
  };
  return {
    execute: (program, context) => {
      if (context.wantsProgress) return stream(program, context);
      const { signal } = context;
      return client.post('/execute', program, ExecutionResult, { signal, totalMs: timeFor(program) });
    },
    callTool: async ({ name, output }, args, signal) => {
      const options = { signal, totalMs: INSTALL_TIMEOUT_MS };
      const answer = await client.post(`/tools/${name}`, { arguments: args }, Answer, options);
      const result = output.safeParse(answer.structured_content);
      if (result.success) return result.data;
      throw new MeshError('upstream_failed', 'The sandbox sent an answer that is not as agreed', {
        cause: result.error,
      });
    },
    check: async (signal) => {
      await client.get('/ready', z.object({ status: z.literal('ready') }), { signal });
    },
  };
}
