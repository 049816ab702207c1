import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { MeshError, rootCause } from '../kit/faults/errors.ts';
import { networkError } from '../kit/http/client.ts';

/** One slow call says nothing of the others on its connection; anything else that is not an answer does. */
export const isConnectionFailure = (error: unknown): boolean =>
  !(error instanceof ProtocolError) && !(error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout);

const ToldError = z.object({ code: z.literal('tool_not_found'), message: z.string(), details: z.unknown().optional() });

/** What a failed exchange with the MCP server `name` means to whoever asked for it. */
export function meshErrorOf(name: string, error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (error instanceof ProtocolError) {
    const told = ToldError.safeParse(error.data);
    if (told.success) return new MeshError(told.data.code, told.data.message, { details: told.data.details });
    return new MeshError('upstream_failed', `${name} refused the call: ${error.message}`, { cause: error });
  }
  if (error instanceof SdkHttpError) {
    const code = error.status === 503 ? 'unavailable' : 'upstream_failed';
    return new MeshError(code, `${name} answered with status ${error.status}`, { cause: error });
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
    return new MeshError('upstream_timeout', `${name} did not answer in time`, { cause: error });
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult) {
    return new MeshError('upstream_failed', `${name} sent an answer that is not MCP`, { cause: error });
  }
  // The SDK wraps what fetch threw, and fetch what the socket did.
  return networkError(name, rootCause(error));
}
