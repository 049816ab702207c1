/** A stdio MCP server of 2025-11-25 with state: each process counts for itself. */
import { createInterface } from 'node:readline';

const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const readOnly = { readOnlyHint: true };
const tools = [
  { name: 'count', description: 'Counts.', inputSchema: { type: 'object' } },
  { name: 'look', description: 'Says the count.', inputSchema: { type: 'object' }, annotations: readOnly },
  { name: 'sleep', inputSchema: { type: 'object' }, annotations: readOnly },
  { name: 'meta', inputSchema: { type: 'object' }, annotations: readOnly },
  { name: 'crash', inputSchema: { type: 'object' } },
  { name: 'learn', inputSchema: { type: 'object' } },
];
let count = 0;

const state = () => ({
  content: [{ type: 'text', text: `${count} in ${process.pid}` }],
  structuredContent: { count, pid: process.pid },
});
const run: Record<string, (args: { ms?: number }, meta: object) => Promise<object> | object> = {
  count() {
    count += 1;
    send({ method: 'notifications/resources/updated', params: { uri: 'counter://count' } });
    return state();
  },
  look: state,
  async sleep({ ms }) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return state();
  },
  meta: (_args, meta) => ({ content: [], structuredContent: meta }),
  crash() {
    process.stderr.write('it was too much\n');
    process.exit(9);
  },
  learn() {
    tools.push({ name: 'learnt', inputSchema: { type: 'object' } });
    send({ method: 'notifications/tools/list_changed' });
    return state();
  },
  learnt: state,
};

async function receive(line: string): Promise<void> {
  const { id, method, params } = JSON.parse(line);
  const answer = (result: object) => send({ id, result });
  if (method === 'initialize') {
    const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } };
    const serverInfo = { name: 'counter', version: '1' };
    answer({ protocolVersion: params.protocolVersion, capabilities, serverInfo });
  } else if (method === 'tools/list') answer({ tools });
  else if (method === 'resources/list') answer({ resources: [{ uri: 'counter://count', name: 'count' }] });
  else if (method === 'tools/call') answer((await run[params.name]?.(params.arguments ?? {}, params._meta)) ?? {});
  else if (method === 'ping' || method === 'resources/subscribe' || method === 'resources/unsubscribe') answer({});
  else if (id !== undefined) send({ id, error: { code: -32_601, message: 'Method not found' } });
}

createInterface(process.stdin).on('line', (line) => void receive(line));
