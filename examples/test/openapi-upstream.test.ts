import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { hub } from '../../services/mcp-server/src/service.ts';
import { example } from './mesh.ts';

let bookshop: ChildProcess;
let running: ServiceInProcess;
beforeAll(async () => {
  const shop = spawn(process.execPath, [example('openapi-upstream/bookshop.ts')], {
    env: { PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  bookshop = shop;
  const [line] = await once(shop.stdout, 'data');
  const [, port] = /port: (\d+)/.exec(String(line)) ?? [];
  running = await serveInProcess(hub, {
    MESH_CONFIG: example('openapi-upstream/mesh.json'),
    BOOKSHOP_URL: `http://127.0.0.1:${port}`,
  });
  await until(async () => (await request(`${running.url}/stats`)).body.upstreams.bookshop.status === 'up');
});
afterAll(async () => {
  await running.stop(0);
  bookshop.kill();
});

test('the hub makes a tool of every operation of a REST service', async () => {
  const { tools } = (await request(`${running.url}/tools`)).body;
  expect(tools.filter((tool: { server: string }) => tool.server === 'bookshop')).toMatchObject([
    { name: 'shop_find_books', description: 'Finds books by their author.', server: 'bookshop' },
  ]);
  const { body } = await post(`${running.url}/tools/shop_find_books`, { arguments: { author: 'Austen' } });
  expect(body.structured_content.books).toEqual([{ id: 3, title: 'Emma', author: 'Jane Austen' }]);
});
