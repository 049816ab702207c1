import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { McpRequest, McpResult } from '@toolmesh/shared/mcp/protocol';
import type { Caller } from '../upstream.ts';

/** The most rounds of questions that one call may lead to. */
const MAX_ROUNDS = 10;

/**
 * Returns the result of a call whose first `result` has questions, which are put to the caller on the way: a 2026-07-28 caller gets
 * them as they are, one of 2025 is asked one by one. `resend` sends the call again with the answers.
 * @throws MeshError upstream_failed if the caller cannot be asked, or after too many rounds.
 */
export async function withAnswers(
  call: { readonly request: McpRequest; readonly caller: Caller; readonly result: McpResult },
  resend: (request: McpRequest) => Promise<McpResult>,
): Promise<McpResult> {
  const { request, caller } = call;
  let { result } = call;
  for (let round = 0; result['resultType'] === 'input_required'; round += 1) {
    if (caller.takesInputRequired) return result;
    if (caller.ask === undefined || round === MAX_ROUNDS) {
      throw new MeshError('upstream_failed', 'it needs answers from a user, which this caller cannot give');
    }
    const inputResponses = await askAll(result['inputRequests'], caller.ask, caller.signal);
    const { requestState } = result;
    const params = { ...request.params, inputResponses, ...(requestState === undefined ? {} : { requestState }) };
    result = await resend({ ...request, params });
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
