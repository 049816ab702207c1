import { expect, test } from '@jest/globals';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { startMiddleware } from '../fakes/start-middleware.ts';

async function healthWith(pythonLayer: object | undefined) {
  const sandbox = await serveRaw((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ status: 'healthy', service: 'sandbox', python_layer: pythonLayer }));
  });
  try {
    const { url } = await startMiddleware({ SANDBOX_URL: sandbox.url });
    return (await request(`${url}/health`)).body;
  } finally {
    await sandbox.stop();
  }
}

test('says how far the libraries of programs are while they are built, and only then', async () => {
  const building = await healthWith({ state: 'building', percent: 40, sets: ['data'] });
  expect(building.preparing).toEqual({ data_libraries: 40 });
  expect(await healthWith({ state: 'complete', percent: 100, sets: [] })).not.toHaveProperty('preparing');
  const { url } = await startMiddleware();
  expect((await request(`${url}/health`)).body).not.toHaveProperty('preparing');
});
