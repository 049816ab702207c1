import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  isSpecType,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
} from '@modelcontextprotocol/server';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { inTraceOf } from '@toolmesh/shared/mcp/meta';
import { INTERNAL_ERROR, type McpResult, MISSING_CAPABILITY, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import { serverSpan, withMcpSpan } from '@toolmesh/shared/mcp/span';
import { signalOf } from '@toolmesh/shared/kit/http/route';
import { createEventStream } from '@toolmesh/shared/kit/http/sse';
import { VERSION } from '@toolmesh/shared/kit/service/version';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Catalogue } from '../../catalogue.ts';
import type { Caller } from '../../upstreams/upstream.ts';
import { toMcpError } from './errors.ts';
import { notifierOf, toLogLevel } from './notifier.ts';

const REVISION = '2026-07-28';

/** A tool call of 2026-07-28 that is right in every part. */
const Call = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.int()]),
  method: z.literal('tools/call'),
  params: z.looseObject({
    name: z.string(),
    arguments: z.record(z.string(), z.unknown()).optional(),
    // Answers to questions are left to the SDK.
    inputResponses: z.undefined().optional(),
    requestState: z.undefined().optional(),
    _meta: z.looseObject({
      [PROTOCOL_VERSION_META_KEY]: z.literal(REVISION),
      [CLIENT_CAPABILITIES_META_KEY]: z.custom(isSpecType.ClientCapabilities),
      [CLIENT_INFO_META_KEY]: z.custom(isSpecType.Implementation).optional(),
      [LOG_LEVEL_META_KEY]: z.string().optional(),
      progressToken: z.union([z.string(), z.int()]).optional(),
    }),
  }),
});
type Call = z.output<typeof Call>;

/** Answers a request if it is a flawless tool call of 2026-07-28. Otherwise it does nothing and returns false. */
export type FastCall = (req: Request, res: Response) => boolean;

/**
 * Serves nearly all requests that a hub gets. The SDK makes a server for each request and checks it and its result
 * against the whole protocol; here a call that is right is passed on as it is. Anything else is left to the SDK, which
 * knows how to refuse it. `req.body` is the parsed body.
 */
export function createFastCall(catalogue: Catalogue, logger: Logger): FastCall {
  return (req, res) => {
    if (!hasStandardHeaders(req)) return false;
    const parsed = Call.safeParse(req.body);
    if (!parsed.success || req.get('mcp-name') !== parsed.data.params.name) return false;
    void answer({ catalogue, logger }, parsed.data, res);
    return true;
  };
}

function hasStandardHeaders(req: Request): boolean {
  const accept = req.get('accept') ?? '';
  return (
    req.get('mcp-protocol-version') === REVISION &&
    req.get('content-type')?.startsWith('application/json') === true &&
    accept.includes('application/json') &&
    accept.includes('text/event-stream')
  );
}

interface FastCallDeps {
  readonly catalogue: Catalogue;
  readonly logger: Logger;
}

async function answer(deps: FastCallDeps, { id, params }: Call, res: Response): Promise<void> {
  const { _meta, ...rest } = params;
  const {
    [PROTOCOL_VERSION_META_KEY]: _version,
    [CLIENT_CAPABILITIES_META_KEY]: capabilities,
    [CLIENT_INFO_META_KEY]: _client,
    [LOG_LEVEL_META_KEY]: logLevel,
    progressToken,
    ...meta
  } = _meta;
  const stream = createEventStream(res);
  const caller: Caller = {
    signal: signalOf(res),
    capabilities: Object(capabilities),
    takesInputRequired: true,
    logLevel,
    notify: notifierOf({ progressToken, logLevel: toLogLevel(logLevel) }, (notification) =>
      stream.send('message', { jsonrpc: '2.0', ...notification }),
    ),
  };
  const outcome = await callTool(deps, { ...rest, _meta: meta }, caller);
  const message = { jsonrpc: '2.0', id, ...outcome };
  if (res.destroyed) return;
  if (stream.isOpen) {
    stream.send('message', message);
    stream.end();
    return;
  }
  const body = Buffer.from(JSON.stringify(message));
  // The only refusal of a tool that has an HTTP status of its own.
  const isLacking = 'error' in outcome && outcome.error.code === MISSING_CAPABILITY;
  res.writeHead(isLacking ? 400 : 200, { 'content-type': 'application/json', 'content-length': body.length });
  res.end(body);
}

const SERVER_INFO = { [SERVER_INFO_META_KEY]: { name: 'toolmesh', version: VERSION } };

type Outcome =
  | { readonly result: McpResult }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

async function callTool({ catalogue, logger }: FastCallDeps, params: McpResult, caller: Caller): Promise<Outcome> {
  try {
    const span = serverSpan('tools/call', params['name'], { _meta: Object(params['_meta']) });
    const pass = () => inTraceOf(params['_meta'], () => catalogue.request({ method: 'tools/call', params }, caller));
    const request = withMcpSpan(span, pass);
    const result = await request.catch((error: unknown) => toMcpError('tools/call', error));
    return { result: { resultType: 'complete', ...result, _meta: { ...Object(result['_meta']), ...SERVER_INFO } } };
  } catch (thrown) {
    if (thrown instanceof ProtocolError) {
      const { code, message, data } = thrown;
      return { error: { code, message, ...(data === undefined ? {} : { data }) } };
    }
    if (!caller.signal.aborted) logger.error({ err: thrown }, 'MCP request failed');
    return { error: { code: INTERNAL_ERROR, message: 'Internal error' } };
  }
}
