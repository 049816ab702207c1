// An MCP client of the hub, which offers the tools of every server in the mesh at one address.
//   npm start, and in a second terminal:   npx node examples/mcp-client-typescript/client.ts
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const hub = process.env['MCP_SERVER_URL'] ?? 'http://localhost:8000';
const key = process.env['API_KEY'];

const client = new Client({ name: 'example', version: '1.0.0' });
await client.connect(
  new StreamableHTTPClientTransport(new URL(`${hub}/mcp`), {
    requestInit: { headers: key === undefined ? {} : { 'x-api-key': key } },
  }),
);

const { tools } = await client.listTools();
for (const { name, description } of tools) console.log(`${name}: ${description}`);

const result = await client.callTool({ name: 'get_current_time', arguments: { timezone: 'Asia/Tokyo' } });
console.log(result.structuredContent);
await client.close();
