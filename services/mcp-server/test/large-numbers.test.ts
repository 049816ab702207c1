import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { areAllUp, startHub } from './mesh-of-tests.ts';

const LARGE = '{"id":9007199254740993,"ids":[-12345678901234567890,1e400]}';

/** Serves an MCP server of 2025, and a REST service, that answer with the very text of the arguments they got. */
async function serveEcho(): Promise<string> {
  const answers = new Map([
    [
      'initialize',
      '{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"e","version":"1"}}',
    ],
    ['tools/list', '{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}'],
  ]);
  const answer = (path: string | undefined, body: string): string => {
    if (path === '/ids') return body;
    const { id, method }: { id?: unknown; method: string } = JSON.parse(body);
    const args = /"arguments":(\{[^}]*\})/.exec(body)?.[1];
    const result = answers.get(method) ?? `{"content":[],"structuredContent":{"got":${args}}}`;
    const isKnown = method === 'tools/call' || answers.has(method);
    const outcome = isKnown ? `"result":${result}` : '"error":{"code":-32601,"message":"Method not found"}';
    return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`;
  };
  const echo = await serveRaw((req, res) => {
    if (req.method !== 'POST') return res.writeHead(405).end();
    res.setHeader('content-type', 'application/json');
    return void text(req).then((body) => res.end(answer(req.url, body)));
  });
  endWithTest(echo);
  return echo.url;
}

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Ids', version: '1' },
  paths: {
    '/ids': {
      post: {
        operationId: 'send_ids',
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 200: { description: 'The same', content: { 'application/json': { schema: {} } } } },
      },
    },
  },
};

test('numbers beyond 2^53 keep their digits to the upstream and back, over every face', async () => {
  const url = await serveEcho();
  const documents = endWithTest(await serveRaw((_req, res) => res.end(JSON.stringify(DOCUMENT))));
  const hub = await startHub({
    echo: { url: `${url}/mcp` },
    ids: { openapi: `${documents.url}/openapi.json`, base_url: url },
  });
  await until(() => areAllUp(hub));

  const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const posted = async (path: string, body: string, headers = {}): Promise<string> =>
    (await fetch(`${hub.url}${path}`, { method: 'POST', headers: { ...json, ...headers }, body })).text();
  const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

  expect(await posted('/tools/echo', `{"arguments":${LARGE}}`)).toContain(`"got":${LARGE}`);
  expect(await posted('/tools/echo/stream', `{"arguments":${LARGE}}`)).toContain(`"got":${LARGE}`);
  expect(await posted('/tools/send_ids', `{"arguments":{"body":${LARGE}}}`)).toContain(LARGE);
  expect(await posted('/mcp', call(`{"name":"echo","arguments":${LARGE}}`))).toContain(`"got":${LARGE}`);
  const meta = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`;
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
  expect(await posted('/mcp', call(`{"name":"echo","arguments":${LARGE},"_meta":${meta}}`), modern)).toContain(
    `"got":${LARGE}`,
  );

  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/ws/tools/echo`);
  const complete = Promise.withResolvers<string>();
  socket.addEventListener('open', () => socket.send(`{"id":"a","arguments":${LARGE}}`));
  socket.addEventListener('message', ({ data }) => {
    if (String(data).includes('"complete"') || String(data).includes('"error"')) complete.resolve(String(data));
  });
  expect(await complete.promise).toContain(`"got":${LARGE}`);
  socket.close();
});
