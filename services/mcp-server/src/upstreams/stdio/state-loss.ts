import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { STATE_LOST_META_KEY } from '@toolmesh/shared/mcp/meta';
import type { McpResult } from '@toolmesh/shared/mcp/protocol';
import type { StateLoss } from '../pool/worker-pool-options.ts';

/**
 * Runs a call of a session whose process is a new one. A call that only reads runs, and its result says that what the
 * last process kept is lost. Any other is refused once: it might do harm in the wrong place.
 * @throws MeshError unavailable for the call that is refused.
 */
export async function passOnLoss(
  loss: StateLoss | undefined,
  isHarmless: boolean,
  run: () => Promise<McpResult>,
): Promise<McpResult> {
  if (loss === undefined) return run();
  if (!isHarmless) {
    loss.told();
    const message = `the process that kept the state of this session is gone: ${loss.reason}. Its state is lost, and nothing was run. Call again: a new process is ready`;
    throw new MeshError('unavailable', message, { details: { state: 'lost' }, retryAfterSeconds: 1 });
  }
  const result = await run();
  loss.told();
  return withNote(result, loss.reason);
}

function withNote(result: McpResult, reason: string): McpResult {
  const text = `Note: the process that kept the state of this session is gone: ${reason}. Its state is lost; this call ran in a new process.`;
  const { content } = result;
  return {
    ...result,
    ...(Array.isArray(content) ? { content: [...content, { type: 'text', text }] } : {}),
    _meta: { ...Object(result['_meta']), [STATE_LOST_META_KEY]: { reason } },
  };
}

/** Adds to the failure of a call that its process is gone with what it kept, so that the next call need not be refused. */
export function withLoss(error: unknown, loss: StateLoss | undefined): unknown {
  if (loss === undefined || !(error instanceof MeshError)) return error;
  loss.told();
  const { code, message, details, retryAfterSeconds } = error;
  return new MeshError(code, `${message}; the state that it kept for this session is lost`, {
    cause: error,
    details: { ...Object(details), state: 'lost' },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
