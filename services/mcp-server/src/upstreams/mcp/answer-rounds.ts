import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Caller, McpRequest, McpResult } from '../upstream.ts';

/** Questions that one call may lead to. */
const MAX_ROUNDS = 10;

/**
 * The result of a call, with what the upstream needs to know for it asked of the caller on the way: a 2026-07-28
 * caller is handed the questions as they are, one of 2025 is asked one by one. `call` makes the call again with answers.
 * @throws MeshError upstream_failed when the caller cannot be asked, or is asked for ever.
 */
export async function withAnswers(
  request: McpRequest,
  caller: Caller,
  first: Promise<McpResult>,
  call: (request: McpRequest) => Promise<McpResult>,
): Promise<McpResult> {
  let result = await first;
  for (let round = 0; result['resultType'] === 'input_required'; round += 1) {
    if (caller.takesInputRequired) return result;
    if (caller.ask === undefined || round === MAX_ROUNDS) {
      throw new MeshError('upstream_failed', 'it needs answers from a user, which this caller cannot give');
    }
    const inputResponses = await askAll(result['inputRequests'], caller.ask, caller.signal);
    const { requestState } = result;
    const params = { ...request.params, inputResponses, ...(requestState === undefined ? {} : { requestState }) };
    result = await call({ ...request, params });
  }
  return result;
}

async function askAll(questions: unknown, ask: NonNullable<Caller['ask']>, signal: AbortSignal): Promise<McpResult> {
  const asked = Object.entries(Object(questions)).map(
    async ([key, question]) => [key, await ask(toRequest(question), signal)] as const,
  );
  return Object.fromEntries(await Promise.all(asked));
}

function toRequest(question: unknown): McpRequest {
  const { method, params }: { method?: unknown; params?: unknown } = Object(question);
  return { method: String(method), params: { ...Object(params) } };
}
