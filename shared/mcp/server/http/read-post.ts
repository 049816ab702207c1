import type { Request, Response } from 'express';
import { readMcpBody } from '../../read-body.ts';
import { type Incoming, readIncoming, type Unreadable } from '../read-incoming.ts';
import { NOT_JSON, refuse, UNPARSED } from './refuse.ts';

/** Returns the reader of what clients post. What cannot be read is refused; then the result is undefined. */
export function createPostReader(maxBodyBytes: number): (req: Request, res: Response) => Promise<Incoming | undefined> {
  const readBody = readMcpBody(maxBodyBytes);
  return async (req, res) => {
    const body = await readBody(req, res);
    const incoming = isJson(req.headers['content-type']) ? toIncoming(body) : { fault: NOT_JSON, id: null };
    if ('messages' in incoming) return incoming;
    refuse(res, incoming.fault, incoming.id);
    return undefined;
  };
}

const toIncoming = (body: unknown): Incoming | Unreadable =>
  body === undefined ? { fault: UNPARSED, id: null } : readIncoming(body);

const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && contentType.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
