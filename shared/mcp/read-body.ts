import type { Request, Response } from 'express';
import { jsonBody } from '../kit/http/json-body.ts';

/**
 * Returns the reader of the bodies of MCP requests, of whatever type: the face judges the type. What is not JSON has no
 * value, and is refused there, too.
 * @throws MeshError, from the function that it returns, and what body-parser throws
 */
export function readMcpBody(maxBodyBytes: number): (req: Request, res: Response) => Promise<unknown> {
  const read = jsonBody(maxBodyBytes, { isAnyType: true });
  return (req, res) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    read(req, res, (error?: unknown) => {
      if (error === undefined || isSyntaxError(error)) resolve(req.body);
      else reject(Error.isError(error) ? error : new Error('The body could not be read', { cause: error }));
    });
    return promise;
  };
}

const isSyntaxError = (error: unknown): boolean =>
  Error.isError(error) && 'type' in error && error.type === 'entity.parse.failed';
