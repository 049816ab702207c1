import { Pool } from 'undici';

/** A revision of MCP, as a client speaks it. */
export type Era = '2025-06-18' | '2026-07-28';

/** A client that calls one tool of a server, with as many requests under way as it has connections. */
export interface BenchClient {
  /** Calls the tool that repeats its input. @throws Error when the answer holds no result. */
  call(): Promise<void>;
  /** Requests any method and returns the text of the answer. */
  request(method: string, params: object): Promise<string>;
  close(): Promise<void>;
}

export interface ClientOptions {
  /** Address of the server, without `/mcp`. */
  readonly url: string;
  readonly era: Era;
  readonly tool: string;
  readonly connections: number;
}

const INFO = { name: 'bench', version: '1' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
};
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Connects as clients of the era do: one of 2025 asks for a session first, and keeps the one that it is given. */
export async function connectClient({ url, era, tool, connections }: ClientOptions): Promise<BenchClient> {
  const pool = new Pool(url, { connections });
  const send = (body: object, headers: Record<string, string>) =>
    pool.request({ method: 'POST', path: '/mcp', headers: { ...HEADERS, ...headers }, body: JSON.stringify(body) });
  const session = era === '2025-06-18' ? await openSession(send) : undefined;
  const request = async (method: string, params: object) => {
    const answer = await send(message(era, method, params), session ?? modernHeaders(method, params));
    const text = await answer.body.text();
    if (!text.includes('"result"')) throw new Error(`${method} was answered with ${answer.statusCode}: ${text}`);
    return text;
  };
  const params = { name: tool, arguments: { text: 'hello' } };
  return {
    request,
    call: async () => void (await request('tools/call', params)),
    close: () => pool.close(),
  };
}

type Send = (body: object, headers: Record<string, string>) => ReturnType<Pool['request']>;

async function openSession(send: Send): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: INFO };
  const answer = await send({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, {});
  await answer.body.text();
  const id = answer.headers['mcp-session-id'];
  const headers = {
    'mcp-protocol-version': '2025-06-18',
    ...(typeof id === 'string' ? { 'mcp-session-id': id } : {}),
  };
  const initialized = await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, headers);
  await initialized.body.text();
  return headers;
}

/** No two requests of a session may have one id. */
let lastId = 0;

/** Returns a request of the era as JSON-RPC. */
export function message(era: Era, method: string, params: object): object {
  const meta = '_meta' in params && typeof params._meta === 'object' ? params._meta : {};
  const own = era === '2026-07-28' ? { ...params, _meta: { ...META, ...meta } } : params;
  lastId += 1;
  return { jsonrpc: '2.0', id: lastId, method, params: own };
}

/** Returns the headers that a request of 2026-07-28 repeats from its body. */
export function modernHeaders(method: string, params: object): Record<string, string> {
  const name = 'name' in params ? { 'mcp-name': String(params.name) } : {};
  return { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name };
}
