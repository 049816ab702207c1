import { request as send } from '@toolmesh/shared/test-kit/requests';

/** A result of a tool, in the words of MCP, whatever the face. */
export interface Result {
  readonly isError: boolean;
  readonly content: readonly Block[];
  readonly structured: unknown;
  /** All of its text. */
  readonly text: string;
}

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
}

/** One of the hub's faces, as one caller with one session uses it. */
export interface Face {
  readonly name: string;
  call(tool: string, args: object): Promise<Result>;
  close(): Promise<void>;
}

/** An MCP face, which has more than tools. */
export interface McpCaller extends Face {
  // oxlint-disable-next-line no-explicit-any -- tests assert on shapes; that is where a wrong one shows
  request(method: string, params?: object): Promise<any>;
}

const INFO = { name: 'servers', version: '1' };
const ACCEPT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
};

export function overRest(hub: string): Face {
  return {
    name: 'REST',
    async call(tool, args) {
      const url = `${hub}/tools/${encodeURIComponent(tool)}`;
      const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
      const { status, body } = await send(url, { ...init, body: JSON.stringify({ arguments: args }) });
      if (status !== 200) throw new Error(`${tool} was answered with ${status}: ${JSON.stringify(body)}`);
      return resultOf({ isError: body.is_error, content: body.content, structuredContent: body.structured_content });
    },
    close: async () => {},
  };
}

/** Opens a session of 2025-06-18, as nearly all clients do. */
export async function overMcp2025(hub: string): Promise<McpCaller> {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: INFO };
  const opened = await send(`${hub}/mcp`, post({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, {}));
  const session = opened.headers.get('mcp-session-id');
  const headers = {
    'mcp-protocol-version': '2025-06-18',
    ...(session === null ? {} : { 'mcp-session-id': session }),
  };
  await send(`${hub}/mcp`, post({ jsonrpc: '2.0', method: 'notifications/initialized' }, headers));
  const close = async () => void (await send(`${hub}/mcp`, { method: 'DELETE', headers }));
  return mcpCaller('MCP 2025-06-18', close, (message) => send(`${hub}/mcp`, post(message, headers)));
}

/** Calls in the manner of 2026-07-28, each request by itself. */
export function overMcp2026(hub: string): McpCaller {
  return mcpCaller(
    'MCP 2026-07-28',
    async () => {},
    ({ params = {}, ...message }) => {
      const name = 'name' in params ? params.name : 'uri' in params ? params.uri : undefined;
      const headers = {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': message.method,
        ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      };
      return send(`${hub}/mcp`, post({ ...message, params: { ...params, _meta: META } }, headers));
    },
  );
}

const post = (body: object, headers: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers: { ...ACCEPT, ...headers },
  body: JSON.stringify(body),
});

interface Message {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly method: string;
  readonly params?: object;
}

function mcpCaller(
  name: string,
  close: () => Promise<void>,
  deliver: (message: Message) => ReturnType<typeof send>,
): McpCaller {
  let id = 0;
  const request = async (method: string, params: object = {}) => {
    id += 1;
    const { status, body } = await deliver({ jsonrpc: '2.0', id, method, params });
    const answers = typeof body === 'string' ? eventsOf(body) : [body];
    const answer = answers.find((each) => each.id === id);
    if (answer?.result === undefined) throw new Error(`${method} was answered with ${status}: ${JSON.stringify(body)}`);
    return answer.result;
  };
  return {
    name,
    request,
    close,
    call: async (tool, args) => resultOf(await request('tools/call', { name: tool, arguments: args })),
  };
}

const eventsOf = (text: string) => [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? ''));

/** Opens one WebSocket for each call, as a page does that calls now and then. */
export function overWebSocket(hub: string): Face {
  return {
    name: 'WebSocket',
    async call(tool, args) {
      const socket = new WebSocket(`${hub.replace('http', 'ws')}/ws/tools/${encodeURIComponent(tool)}`);
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      socket.addEventListener('open', () => socket.send(JSON.stringify({ id: '1', arguments: args })));
      socket.addEventListener('error', () => reject(new Error(`${tool}: the socket failed`)));
      socket.addEventListener('close', ({ reason }) => reject(new Error(`${tool}: the socket was closed: ${reason}`)));
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(String(data));
        if (message.event === 'error') reject(new Error(`${tool}: ${data}`));
        if (message.event !== 'complete') return;
        const { is_error: isError, content, structured_content: structuredContent } = message.result;
        resolve(resultOf({ isError, content, structuredContent }));
      });
      return promise.finally(() => socket.close());
    },
    close: async () => {},
  };
}

interface RawResult {
  readonly isError?: boolean;
  readonly content?: readonly Block[];
  readonly structuredContent?: unknown;
}

function resultOf({ isError = false, content = [], structuredContent }: RawResult): Result {
  const text = content.map((block) => block.text ?? '').join('\n');
  return { isError, content, structured: structuredContent, text };
}

/** Opens every face of a hub. */
export const allFaces = async (hub: string): Promise<readonly Face[]> => [
  overRest(hub),
  await overMcp2025(hub),
  overMcp2026(hub),
  overWebSocket(hub),
];
