import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMcpClient } from '@toolmesh/shared/mcp/client';
import { post, request, type ServiceProcess, startService } from '@toolmesh/shared/test-kit/testing';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';

const guide = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
const source = /^`services\/dice\/src\/main\.ts`:\n\n```ts\n(.*?)^```/ms.exec(guide)?.[1] ?? '';
/** Below the project, so that it finds the kit as a service does, and out of the way of everything else. */
const folder = new URL('../../data/new-service/', import.meta.url);

let service: ServiceProcess;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('main.ts', folder), source);
  service = await startService(new URL('main.ts', folder));
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the tool service that CONTRIBUTING.md shows', () => {
  test('has at most 30 lines', () => {
    expect(source.trim().split('\n').length).toBeGreaterThan(5);
    expect(source.trim().split('\n').length).toBeLessThanOrEqual(30);
  });

  test('answers over REST, validated and documented', async () => {
    const { body } = await post(`${service.url}/tools/roll_dice`, { arguments: { count: 3, sides: 2 } });
    expect(body.structured_content.rolls).toHaveLength(3);
    expect((await post(`${service.url}/tools/roll_dice`, { arguments: { sides: 1 } })).status).toBe(422);
    expect((await request(`${service.url}/openapi.json`)).body.paths).toHaveProperty(['/tools/roll_dice']);
    expect((await request(`${service.url}/metrics`)).body).toContain(
      'tool_executions_total{tool_name="roll_dice",status="success"} 1',
    );
  });

  test('answers over MCP', async () => {
    const client = createMcpClient({ name: 'dice', url: `${service.url}/mcp`, idleTimeoutMs: 2_000 });
    expect(await client.listTools()).toMatchObject([
      { name: 'roll_dice', output_schema: { required: ['rolls', 'total'] } },
    ]);
    const { structured_content } = await client.callTool('roll_dice', {}, quietContext(new AbortController().signal));
    expect(structured_content).toMatchObject({ rolls: [expect.any(Number)] });
    await client.close();
  });
});
