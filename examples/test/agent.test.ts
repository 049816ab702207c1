import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type FakeAnswer, FAKE_MODEL, serveFakeOpenAi } from '../../e2e/fake-openai.ts';
import { example, runExample, serveSmallMesh, type SmallMesh } from './mesh.ts';

const answers: FakeAnswer[] = [
  { calls: [{ name: 'get_current_time', arguments: { timezone: 'Asia/Tokyo' } }] },
  { calls: [{ name: 'save_note', arguments: { text: 'It is late in Tokyo.' } }] },
  { text: 'Written down.' },
];
/** The roles of the messages in each request to the model. */
const received: string[][] = [];

let model: Awaited<ReturnType<typeof serveFakeOpenAi>>;
let mesh: SmallMesh;
beforeAll(async () => {
  model = await serveFakeOpenAi(({ messages }) => {
    received.push(messages.map(({ role }) => role));
    return answers.shift() ?? { text: 'unexpected' };
  });
  mesh = await serveSmallMesh({
    LLM_PROVIDER: 'openai',
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: `${model.url}/v1`,
    OPENAI_MODEL: FAKE_MODEL,
  });
});
afterAll(async () => {
  await mesh.stop();
  await model.stop();
});

test('the agent uses a tool of the mesh and one of its own, until the model is done', async () => {
  const printed = await runExample([process.execPath, example('agent/agent.ts')], mesh.env);
  expect(printed).toContain('Written down.\nnotes: ["It is late in Tokyo."]\n');
  expect(received.at(-1)?.filter((role) => role === 'tool')).toHaveLength(2);
});
