import type { RequestHandler } from 'express';
import { jsonBody } from '../kit/http/json-body.ts';

/**
 * Reads the body of an MCP request into `req.body`, of whatever type: the protocol's own handlers judge the type. What
 * is not JSON is left to them, too: they see no body, and refuse that.
 */
export function readMcpBody(maxBodyBytes: number): RequestHandler {
  const read = jsonBody(maxBodyBytes, { isAnyType: true });
  return (req, res, next) =>
    read(req, res, (error: unknown) => (error === undefined || isSyntaxError(error) ? next() : next(error)));
}

const isSyntaxError = (error: unknown): boolean =>
  Error.isError(error) && 'type' in error && error.type === 'entity.parse.failed';
