import type { RequestHandler } from 'express';
import { z } from 'zod';
import { createMirroredArguments, decodeHeaderValue, paramHeaderMismatch } from './param-headers.ts';
import { HEADER_MISMATCH } from './protocol.ts';

const Call = z.looseObject({
  id: z.union([z.string(), z.number()]).nullable().default(null),
  params: z.looseObject({ arguments: z.unknown().optional() }),
});

/**
 * Refuses calls whose `Mcp-Param-*` headers differ from their body, as a server must: a proxy may have decided by the
 * headers. The body has been read by {@link readMcpBody}.
 */
export function checkParamHeaders(schemaOf: (tool: string) => object | undefined): RequestHandler {
  const mirroredOf = createMirroredArguments();
  return (req, res, next) => {
    if (req.method !== 'POST' || req.get('mcp-method') !== 'tools/call') return next();
    const tool = decodeHeaderValue(req.get('mcp-name') ?? '');
    const mirrored = mirroredOf(schemaOf(tool ?? ''));
    if (mirrored.length === 0) return next();
    const call = Call.safeParse(req.body);
    if (!call.success) return next();
    const { id, params } = call.data;
    const mismatch = paramHeaderMismatch(mirrored, params.arguments, (header) => req.get(header));
    if (mismatch === undefined) return next();
    const message = `Bad Request: headers and body disagree: ${mismatch}`;
    res.status(400).json({ jsonrpc: '2.0', error: { code: HEADER_MISMATCH, message }, id });
    return undefined;
  };
}
