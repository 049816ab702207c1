import { describe, expect, test } from '@jest/globals';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { post } from '@toolmesh/shared/test-kit/requests';
import { HUB_TOOLS, type RunningMesh } from './journeys.ts';

/** Clients of 2025 at the hub of a running mesh; `npm run test:servers` has all others (e2e/outside/clients). */
export function describeClients(mesh: () => RunningMesh): void {
  describe('the hub serves', () => {
    test('a client of the SDK’s first version', async () => {
      const client = new OldClient({ name: 'old', version: '1' });
      await client.connect(new OldTransport(new URL(`${mesh().url('mcp-server')}/mcp`)));
      expect(new Set((await client.listTools()).tools.map(({ name }) => name))).toEqual(new Set(HUB_TOOLS));
      const result = await client.callTool({ name: 'execute_code', arguments: { code: 'print(6 * 7)' } });
      expect(result).toMatchObject({
        content: [{ type: 'text', text: 'stdout:\n42' }],
        structuredContent: { stdout: '42\n' },
      });
      await client.close();
    });

    test('curl, in the manner of 2025', async () => {
      const headers = { accept: 'application/json, text/event-stream' };
      const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_current_time', arguments: {} } };
      const { status, body } = await post(`${mesh().url('mcp-server')}/mcp`, call, { headers });
      expect(status).toBe(200);
      const message = typeof body === 'string' ? JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? '') : body;
      expect(message.result.structuredContent.timezone).toBe('UTC');
    });
  });
}
