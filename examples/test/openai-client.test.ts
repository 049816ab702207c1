import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { example, runExample, serveSmallMesh, type SmallMesh } from './mesh.ts';

let mesh: SmallMesh;
beforeAll(async () => {
  mesh = await serveSmallMesh();
});
afterAll(() => mesh.stop());

test('an OpenAI client gets the answer that a tool of the mesh made possible', async () => {
  const printed = await runExample([process.execPath, example('openai-client/chat.ts')], mesh.env);
  expect(printed).toMatch(/Asia\/Tokyo: \d{4}-\d\d-\d\dT.*\+09:00\n/);
});
