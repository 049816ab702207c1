import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { example, runExample, serveSmallMesh, type SmallMesh } from './mesh.ts';

let mesh: SmallMesh;
beforeAll(async () => {
  mesh = await serveSmallMesh();
});
afterAll(() => mesh.stop());

test('the AI SDK’s chat shows the call and the answer', async () => {
  const command = [process.execPath, example('use-chat/chat.ts'), 'What time is it in Tokyo?'] as const;
  const printed = await runExample(command, mesh.env);
  expect(printed).toContain('[get_current_time {"timezone":"Asia/Tokyo"}: output-available]\n');
  expect(printed).toMatch(/Asia\/Tokyo: \d{4}-\d\d-\d\dT/);
});
