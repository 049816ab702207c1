// An MCP server as most are today: the SDK's first version, protocol 2025-06-18, no sessions, answers as JSON.
// Prints the port that it listens on.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { portOf } from '@toolmesh/shared/kit/http/listen';
import { z } from 'zod';

const server = createServer((req, res) => {
  if (req.method === 'POST') void answer(req, res);
  else res.writeHead(405).end();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${portOf(server)}\n`));

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  await echoServer().connect(transport);
  await transport.handleRequest(req, res);
}

function echoServer(): McpServer {
  const mcp = new McpServer({ name: 'bench', version: '1' });
  const description = 'Repeats its input.';
  mcp.registerTool('echo', { description, inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return mcp;
}
