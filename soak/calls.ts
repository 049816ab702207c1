import { createMcpClient, type McpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { COMMAND_UPSTREAM } from '../e2e/command-upstream.ts';
import type { RunningMesh } from '../e2e/journeys.ts';

/** One kind of call: does it once; throws when the answer is not the one that is due. */
export interface Call {
  readonly kind: string;
  run(): Promise<void>;
}

/** Time limit of any call: one that hangs is an error. */
const TIMEOUT_MS = 30_000;
const BOTH = 'Execute: print("Hello") and tell me the time';

/** Every kind of call that a mesh takes, those included that are to be refused and those that are given up. */
export async function createCalls({ url }: RunningMesh): Promise<{ calls: readonly Call[]; close(): Promise<void> }> {
  const mcp = createMcpClient({ name: 'hub', url: `${url('mcp-server')}/mcp`, idleTimeoutMs: TIMEOUT_MS });
  const chat = (body: object, headers = {}) => send(`${url('middleware')}/chat`, body, { headers });
  const execute = (name: string, parameters: object, due = 200) =>
    send(`${url('middleware')}/execute`, { name, parameters }, { due });
  const program = (language: string, code: string, result: string) => async () => {
    const text = await execute('execute_code', { language, code });
    if (!text.includes(result)) throw new Error(`the result of ${code} is missing`);
  };
  const openAi = { model: 'toolmesh', messages: [{ role: 'user', content: 'What time is it?' }] };
  const all: readonly Call[] = [
    { kind: 'chat, two tools', run: () => chat({ message: BOTH }).then(() => {}) },
    { kind: 'chat, streamed', run: () => chat({ message: BOTH }, { accept: 'text/event-stream' }).then(() => {}) },
    { kind: 'chat, a model', run: () => chat({ message: 'Hello', provider: 'openai' }).then(() => {}) },
    { kind: 'chat, refused', run: () => send(`${url('middleware')}/chat`, {}, { due: 400 }).then(() => {}) },
    { kind: 'python', run: program('python', 'sum(range(10))', '45') },
    { kind: 'javascript', run: program('javascript', '6 * 7', '42') },
    { kind: 'typescript', run: program('typescript', 'const x: number = 6; x ** 2', '36') },
    { kind: 'python, fails', run: program('python', '1 / 0', 'ZeroDivisionError') },
    { kind: 'python, floods', run: program('python', 'print("x" * 300_000)', 'xxx') },
    { kind: 'python, runs out of time', run: timeOut(execute) },
    { kind: 'tool, REST', run: () => tool(url('mcp-server'), 'get_current_time').then(() => {}) },
    { kind: 'tool, streamed', run: () => tool(url('mcp-server'), 'get_current_time/stream').then(() => {}) },
    { kind: 'tool, MCP', run: () => callOverMcp(mcp) },
    { kind: 'tool, WebSocket', run: () => callOverSocket(url('mcp-server')) },
    { kind: 'tool, given up', run: () => giveUp(mcp) },
    { kind: 'tool, unknown', run: () => execute('no_such_tool', {}, 404).then(() => {}) },
    { kind: 'tool, wrong arguments', run: () => execute('convert_time', { time: 1 }, 422).then(() => {}) },
    { kind: 'tool of a command', run: () => execute(`${COMMAND_UPSTREAM}_echo`, { text: 'Hello' }).then(() => {}) },
    {
      kind: 'package, blocked',
      run: () => execute('check_package', { name: 'system', ecosystem: 'pypi' }).then(() => {}),
    },
    { kind: 'OpenAI facade', run: () => send(`${url('middleware')}/v1/chat/completions`, openAi, {}).then(() => {}) },
    { kind: 'metrics', run: () => get(`${url('sandbox')}/metrics`) },
    { kind: 'list of tools', run: () => get(`${url('middleware')}/tools`) },
  ];
  // Not every mesh has all faces; one that is there has to work.
  const hasFacade = (await fetch(`${url('middleware')}/v1/models`)).ok;
  return { calls: all.filter(({ kind }) => hasFacade || kind !== 'OpenAI facade'), close: mcp.close };
}

interface SendOptions {
  readonly due?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(url: string, body: object, { due = 200, headers = {} }: SendOptions): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== due) throw new Error(`status ${answer.status} instead of ${due}: ${text.slice(0, 200)}`);
  return text;
}

const tool = (hub: string, path: string): Promise<string> => send(`${hub}/tools/${path}`, { arguments: {} }, {});

async function get(url: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await answer.text();
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
}

const timeOut = (execute: (name: string, parameters: object) => Promise<string>) => async (): Promise<void> => {
  const text = await execute('execute_code', { code: 'import time; time.sleep(9)', timeout_ms: 200 });
  if (!text.includes('"timeout"')) throw new Error('the program was not timed out');
};

async function callOverMcp(client: McpClient): Promise<void> {
  const { is_error } = await client.callTool('get_current_time', {}, quietContext(AbortSignal.timeout(TIMEOUT_MS)));
  if (is_error) throw new Error('the tool failed');
}

/** Opens a socket, calls, hears the result, and hangs up. */
function callOverSocket(hub: string): Promise<void> {
  const socket = new WebSocket(`${hub.replace('http', 'ws')}/ws/tools/get_current_time`);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no result came over the socket')), TIMEOUT_MS);
    const settle = (end: () => void) => {
      clearTimeout(timer);
      socket.close();
      end();
    };
    socket.addEventListener('open', () => socket.send(JSON.stringify({ id: 1, arguments: {} })));
    socket.addEventListener('error', () => settle(() => reject(new Error('the socket failed'))));
    socket.addEventListener('message', ({ data }) => {
      const text = String(data);
      if (text.includes('"event":"complete"')) settle(resolve);
      if (text.includes('"event":"error"')) settle(() => reject(new Error(text.slice(0, 200))));
    });
  });
}

/** Leaves while a program runs; what runs on would be seen as memory, processes and handles. */
async function giveUp(client: McpClient): Promise<void> {
  const gone = new AbortController();
  const slow = { code: 'import time; time.sleep(9)' };
  const outcome = client.callTool('execute_code', slow, quietContext(gone.signal)).then(
    () => 'an answer',
    () => 'none',
  );
  setTimeout(() => gone.abort(), 100);
  if ((await outcome) !== 'none') throw new Error('a call that was given up was answered');
}
