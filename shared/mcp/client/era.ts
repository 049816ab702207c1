import { VERSION } from '../../kit/service/version.ts';
import { requestMeta } from '../meta.ts';
import type { ClientCapabilities, McpRequest, McpResult, Requester } from '../protocol.ts';

export const MODERN_REVISION = '2026-07-28';
/** The revisions before it, the latest first. */
export const LEGACY_REVISIONS: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
];

export type Era = 'modern' | 'legacy';

export const CLIENT_INFO = { name: 'toolmesh', version: VERSION };

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN_REVISION,
  'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
};

/** Encodes the params of a request for an era. `id`: of the request, and its progress token. */
export function encodeParams(era: Era, { params }: McpRequest, sent: { from: Requester; id: number }): McpResult {
  const isModern = era === 'modern';
  const meta = requestMeta(params['_meta'], sent.from, isModern);
  // Requested in any case: progress restarts the idle limit.
  const _meta = isModern ? { ...meta, ...ENVELOPE, progressToken: sent.id } : { ...meta, progressToken: sent.id };
  return { ...params, _meta };
}

/** Decodes the result of a request: 2026-07-28 says of each whether it is complete. */
export function decodeResult(era: Era, result: McpResult): McpResult {
  if (era === 'legacy' || result['resultType'] === 'input_required') return result;
  const { resultType: _complete, ...rest } = result;
  return rest;
}

/** Encodes the params of a request of our own, which nobody waits for. */
export function encodeOwnParams(era: Era, params: McpResult, capabilities: ClientCapabilities = {}): McpResult {
  if (era === 'legacy') return params;
  return { ...params, _meta: { ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': capabilities } };
}
