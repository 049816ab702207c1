import type { IncomingMessage, ServerResponse } from 'node:http';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import type { Era } from './conformance/fixture.ts';

/** The params of a request. */
export type Params = Readonly<Record<string, unknown>>;

/** Answers by method: a result, or an error of JSON-RPC. */
export type OddAnswers = Readonly<Record<string, (params: Params) => unknown>>;

/** Thrown by an answer: an error of JSON-RPC. */
export class Refusal extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Given by an answer: one of HTTP alone. */
export class OddHttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, headers: Record<string, string> = {}) {
    this.status = status;
    this.headers = headers;
  }
}

export interface OddServer {
  readonly url: string;
  /** The methods of all requests so far. */
  readonly methods: readonly string[];
}

const CACHED = { ttlMs: 0, cacheScope: 'private' };

/** Serves an MCP server of an era over HTTP that answers as it is told, however odd that is. */
export async function serveOdd(
  era: Era,
  answers: OddAnswers,
  capabilities: object = { tools: {} },
): Promise<OddServer> {
  const methods: string[] = [];
  const modern = { 'server/discover': () => ({ supportedVersions: ['2026-07-28'], capabilities }) };
  const legacy = {
    initialize: () => ({ protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'odd', version: '1' } }),
    ping: () => ({}),
  };
  const all: OddAnswers = { ...(era === 'modern' ? modern : legacy), ...answers };
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const { id, method, params = {} } = JSON.parse(await textOf(req));
    methods.push(method);
    if (id === undefined) return void res.writeHead(202).end();
    const body = answer(() => all[method]?.(params), era === 'modern', method in all);
    if (body instanceof OddHttpAnswer) return void res.writeHead(body.status, body.headers).end();
    res.setHeader('content-type', 'application/json');
    return void res.end(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
  };
  const { url } = endWithTest(await serveRaw((req, res) => void serve(req, res)));
  return { url, methods };
}

function answer(give: () => unknown, isModern: boolean, isKnown: boolean): object {
  if (!isKnown) return { error: { code: -32_601, message: 'Method not found' } };
  try {
    const result = give();
    if (result instanceof OddHttpAnswer) return result;
    const isObject = typeof result === 'object' && result !== null && !Array.isArray(result);
    return { result: isModern && isObject ? { resultType: 'complete', ...CACHED, ...result } : result };
  } catch (error) {
    if (error instanceof Refusal) return { error: { code: error.code, message: error.message, data: error.data } };
    throw error;
  }
}

async function textOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
