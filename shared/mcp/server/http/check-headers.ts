import type { IncomingHttpHeaders } from 'node:http';
import { createMirroredArguments, decodeHeaderValue, paramHeaderMismatch } from '../../param-headers.ts';
import { HEADER_MISMATCH } from '../../protocol.ts';
import type { McpService } from '../mcp-service.ts';
import { type Refusal, refusal, type RequestMessage } from '../messages.ts';
import { unsupportedRevision } from '../modern.ts';
import { MODERN_REVISION } from '../revisions.ts';

/** Refuses a request of 2026-07-28 whose headers differ from its body. Undefined if they agree. */
export type HeaderCheck = (
  message: RequestMessage,
  revision: string,
  headers: IncomingHttpHeaders,
) => Refusal | undefined;

/** The part of the params that `Mcp-Name` repeats. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/**
 * Makes the check that a server has to make (SEP-2243): a proxy may have decided by the headers. They repeat the
 * revision, the method, its target, and what the schema of a tool marks.
 */
export function createHeaderCheck(service: McpService): HeaderCheck {
  const mirroredOf = createMirroredArguments();
  return (message, revision, headers) => {
    const { method, params } = message;
    const given = textOf(headers['mcp-protocol-version']);
    if (given !== undefined && given !== revision) return mismatch('mcp-protocol-version differs from the body');
    if (revision !== MODERN_REVISION) return unsupportedRevision(revision, [MODERN_REVISION]);
    if (given === undefined) return mismatch('mcp-protocol-version is missing');
    if (textOf(headers['mcp-method']) === undefined) return mismatch('mcp-method is missing');
    if (headers['mcp-method'] !== method) return mismatch('mcp-method differs from the body');
    const wrongName = nameMismatch(message, headers);
    if (wrongName !== undefined) return mismatch(wrongName);
    if (method !== 'tools/call') return undefined;
    const mirrored = mirroredOf(service.tool(String(params['name']))?.inputSchema);
    if (mirrored.length === 0) return undefined;
    const wrong = paramHeaderMismatch(mirrored, params['arguments'], (name) => textOf(headers[name.toLowerCase()]));
    return wrong === undefined ? undefined : mismatch(wrong);
  };
}

function nameMismatch({ method, params }: RequestMessage, headers: IncomingHttpHeaders): string | undefined {
  const key = NAMED_BY.get(method);
  if (key === undefined) return undefined;
  const target = params[key];
  const header = textOf(headers['mcp-name']);
  if (header === undefined) return typeof target === 'string' ? 'mcp-name is missing' : undefined;
  const name = decodeHeaderValue(header);
  if (name === undefined) return 'mcp-name is not valid Base64';
  return typeof target === 'string' && target !== name ? `mcp-name differs from params.${key}` : undefined;
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;

const mismatch = (problem: string): Refusal =>
  refusal({ code: HEADER_MISMATCH, message: `Bad Request: headers and body disagree: ${problem}` }, 400);
