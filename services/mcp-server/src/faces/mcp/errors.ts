import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { errorResult } from '@toolmesh/shared/mcp/meta';
import { INTERNAL_ERROR, INVALID_PARAMS, type McpResult, ProtocolError } from '@toolmesh/shared/mcp/protocol';

/**
 * Encodes the failure of a request for an MCP client: for a tool call as a result, which is what a model reads; for
 * anything else as an error.
 * @throws ProtocolError, or `thrown` itself if it is a bug
 */
export function toMcpError(method: string, thrown: unknown): McpResult {
  if (thrown instanceof ProtocolError) throw thrown;
  const error = MeshError.from(thrown);
  if (error.code === 'internal') throw thrown;
  if (error.code === 'tool_not_found' || error.code === 'not_found') {
    throw new ProtocolError(INVALID_PARAMS, error.message, error.toBody().error);
  }
  if (method === 'tools/call') return errorResult(error);
  throw new ProtocolError(INTERNAL_ERROR, error.message, error.toBody().error);
}
