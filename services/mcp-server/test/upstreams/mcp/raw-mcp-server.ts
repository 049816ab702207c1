import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';

export interface RawMessage {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The exchange of one message with a server that is written by hand. */
export interface RawExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly message: RawMessage;
  /** The answer that a good server of 2025 would give. */
  readonly answer: object;
}

/** Does something else than a good server would. Returns whether it has answered. */
export type Oddity = (exchange: RawExchange) => boolean | Promise<boolean>;

/** Returns the answer of a good server of 2025 with one tool, which says what it is told. */
export function goodAnswer({ id, method, params }: RawMessage): object {
  const result = (value: object) => ({ jsonrpc: '2.0', id, result: value });
  if (method === 'initialize') {
    const { protocolVersion } = Object(params);
    return result({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'raw', version: '1' } });
  }
  if (method === 'tools/list') {
    return result({ tools: [{ name: 'say', description: 'Says a word.', inputSchema: { type: 'object' } }] });
  }
  if (method === 'tools/call') {
    return result({ content: [{ type: 'text', text: String(Object(params).arguments?.word) }] });
  }
  if (method === 'ping') return result({});
  return { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } };
}

/** Serves MCP of 2025 over Streamable HTTP until the test ends, written by hand so that it can be odd in any way. */
export async function serveRawMcp(odd: Oddity = () => false) {
  const messages: RawMessage[] = [];
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const message: RawMessage = JSON.parse(await text(req));
    messages.push(message);
    const answer = goodAnswer(message);
    if (await odd({ req, res, message, answer })) return;
    if (message.id === undefined) return void res.writeHead(202).end();
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  const server = endWithTest(await serveRaw((req, res) => void serve(req, res).catch(() => res.destroy())));
  return { ...server, url: `${server.url}/mcp`, messages };
}

/** Answers every request by `type` and what `encode` makes of its answer. */
export const encoded =
  (type: string | undefined, encode: (answer: object, message: RawMessage) => string): Oddity =>
  ({ res, message, answer }) => {
    if (message.id === undefined) return false;
    res.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(encode(answer, message));
    return true;
  };

/** Answers one method by a status and a body. */
export const answered =
  (method: string, status: number, body: string): Oddity =>
  ({ res, message }) => {
    if (message.method !== method) return false;
    res.writeHead(status).end(body);
    return true;
  };
