import { describe, expect, test } from '@jest/globals';
import { CALL_TOOL, SEARCH_TOOLS } from '@toolmesh/shared/contracts/hub-tools';
import { createMcpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { SERVICES } from '../mesh/services.ts';

/** Addresses of a running mesh, in processes or in containers. */
export interface RunningMesh {
  readonly url: (service: string) => string;
}

const SERVICE_TOOLS = SERVICES.filter(({ inMesh }) => inMesh).flatMap(({ tools }) => tools);
/** The tools of a hub: those of its services, and its own. */
export const HUB_TOOLS: readonly string[] = [...SERVICE_TOOLS, SEARCH_TOOLS, CALL_TOOL];

/** Tests that hold for every mesh, started by `npm start` or in containers. */
export function describeJourneys(mesh: () => RunningMesh): void {
  const at = (service: string, path: string) => mesh().url(service) + path;

  describe.each(SERVICES.map((row) => [row.name, row] as const))('%s', (name, row) => {
    test('is healthy and ready', async () => {
      expect(await request(at(name, '/health'))).toMatchObject({
        status: 200,
        body: { status: 'healthy', service: name },
      });
      expect(await request(at(name, '/ready'))).toMatchObject({ status: 200, body: { status: 'ready' } });
    });

    test('exposes metrics and documents itself', async () => {
      expect((await request(at(name, '/metrics'))).body).toMatch(/^# TYPE http_requests_total counter$/m);
      const { body } = await request(at(name, '/openapi.json'));
      expect(body.info.title).toBe(name);
      for (const tool of row.tools) expect(body.paths).toHaveProperty([`/tools/${tool}`]);
      expect((await request(at(name, '/docs/'))).status).toBe(200);
    });

    test('answers what it does not know with an error of the contract', async () => {
      const { status, body, headers } = await request(at(name, '/nowhere'));
      expect(status).toBe(404);
      expect(body.error).toMatchObject({ code: 'not_found', request_id: headers.get('x-request-id') });
    });
  });

  describe.each(SERVICES.filter(({ tools }) => tools.length > 0).map((row) => [row.name, row.tools] as const))(
    'the tools of %s',
    (name, tools) => {
      test('are listed over REST and MCP', async () => {
        const { body } = await request(at(name, '/tools'));
        expect(body.tools.map((tool: { name: string }) => tool.name)).toEqual(tools);
        const client = createMcpClient({ name, url: at(name, '/mcp'), idleTimeoutMs: 5_000 });
        expect((await client.listTools()).map((tool) => tool.name)).toEqual(tools);
        await client.close();
      });
    },
  );

  describe('the mesh', () => {
    test('offers every tool at the hub and at the middleware', async () => {
      for (const [service, tools] of [
        ['mcp-server', HUB_TOOLS],
        ['middleware', SERVICE_TOOLS],
      ] as const) {
        const { body } = await request(at(service, '/tools'));
        expect(new Set(body.tools.map((tool: { name: string }) => tool.name))).toEqual(new Set(tools));
        for (const tool of body.tools) expect(tool).toMatchObject({ server: expect.any(String), status: 'up' });
      }
    });

    test('serves the chat page, built and whole', async () => {
      const { status, body } = await request(at('middleware', '/'));
      expect(status).toBe(200);
      const parts = [...body.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path);
      expect(parts.length).toBe(3);
      for (const path of parts) expect((await request(at('middleware', path))).status).toBe(200);
    });

    test('answers a chat with two tools', async () => {
      const { body } = await post(at('middleware', '/chat'), {
        message: 'Execute: print("Hello") and tell me the time',
      });
      expect(body).toMatchObject({ finish_reason: 'stop', tool_calls: [{ status: 'ok' }, { status: 'ok' }] });
      expect(body.response).toMatch(/Hello.*\d{4}-\d\d-\d\dT/s);
    });

    test.each([
      ['python', 'sum(range(10))', '45'],
      ['javascript', '[1, 2, 3].map((x) => x * 2)', '[ 2, 4, 6 ]'],
      ['typescript', 'const x: number = 5; x ** 2', '25'],
    ])('runs %s from the chat’s end to the sandbox', async (language, code, result) => {
      const { body } = await post(at('middleware', '/execute'), {
        name: 'execute_code',
        parameters: { language, code },
      });
      expect(body).toMatchObject({
        is_error: false,
        structured_content: { status: 'success', result, runtime: { language } },
      });
    });

    test('brings the right error from the far end', async () => {
      const execute = (name: string, parameters: object) => post(at('middleware', '/execute'), { name, parameters });
      expect(await execute('get_current_time', { timezone: 'Mars/Olympus' })).toMatchObject({
        status: 422,
        body: { error: { code: 'invalid_arguments' } },
      });
      expect(await execute('get_curent_time', {})).toMatchObject({
        status: 404,
        body: { error: { details: { did_you_mean: ['get_current_time', expect.any(String), expect.any(String)] } } },
      });
      expect(await execute('execute_code', { code: '1/0' })).toMatchObject({
        status: 200,
        body: { is_error: true, structured_content: { error: { type: 'ZeroDivisionError' } } },
      });
    });

    test('carries one request id through every service', async () => {
      const headers = { 'x-request-id': 'one-for-all' };
      const answer = await post(at('middleware', '/execute'), { name: 'execute_code', parameters: {} }, { headers });
      expect(answer.status).toBe(422);
      expect(answer.body.error.request_id).toBe('one-for-all');
    });

    test('ends a program when its caller goes away, all the way down', async () => {
      const client = createMcpClient({ name: 'hub', url: at('mcp-server', '/mcp'), idleTimeoutMs: 20_000 });
      const gone = new AbortController();
      const call = client.callTool(
        'execute_code',
        { code: 'while True: pass', timeout_ms: 60_000 },
        quietContext(gone.signal),
      );
      const outcome = call.catch(() => 'given up');
      await untilBusy(1);
      gone.abort();
      expect(await outcome).toBe('given up');
      await untilBusy(0);
      await client.close();
    });
  });

  /** Waits until the sandbox has so many programs running. */
  async function untilBusy(count: number): Promise<void> {
    const wanted = `sandbox_programs{state="running"} ${count}`;
    while (!(await request(at('sandbox', '/metrics'))).body.includes(wanted)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
