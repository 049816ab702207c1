import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { type FakeAnswer, FAKE_MODEL, serveFakeOpenAi } from '../fake-openai.ts';
import { type Mesh, startMesh } from '../mesh.ts';

// Real processes are started, and run real programs.
jest.setTimeout(120_000);

const MIB = 1_024 ** 2;

let answers: FakeAnswer[] = [];
const seen: string[] = [];
let provider: Awaited<ReturnType<typeof serveFakeOpenAi>>;
let mesh: Mesh;
beforeAll(async () => {
  provider = await serveFakeOpenAi(({ messages }) => {
    seen.push(JSON.stringify(messages));
    return answers.shift() ?? { text: 'done' };
  });
  mesh = await startMesh({
    LLM_PROVIDER: 'openai',
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: `${provider.url}/v1`,
    OPENAI_MODEL: FAKE_MODEL,
  });
}, 90_000);
afterAll(async () => {
  await mesh.stop();
  await provider.stop();
});

const code = (text: string, more: object = {}): FakeAnswer => ({
  calls: [{ name: 'execute_code', arguments: { code: text, ...more } }],
});
const chat = (body: object) => post(`${mesh.url('middleware')}/chat`, body);
const resultOf = (body: { tool_calls: { result: { structured_content: object } }[] }) =>
  body.tool_calls[0]?.result.structured_content;

test('every door keeps an upload and gives it back, and its url is at that door', async () => {
  const large = new Uint8Array(2 * MIB).fill(65);
  for (const door of ['middleware', 'mcp-server', 'code-executor', 'sandbox']) {
    const { status, body } = await request(`${mesh.url(door)}/files?name=${door}.txt`, { method: 'POST', body: large });
    expect({ status, body }).toMatchObject({ status: 200, body: { name: `${door}.txt`, size_bytes: 2 * MIB } });
    expect(body.url).toBe(`${mesh.url(door)}/files/${body.id}/content`);
    const answer = await fetch(body.url, { headers: { range: 'bytes=0-9' } });
    expect([answer.status, await answer.text()]).toEqual([206, 'A'.repeat(10)]);
    expect(answer.headers.get('content-disposition')).toContain(`${door}.txt`);
    expect((await request(`${mesh.url(door)}/files/${body.id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await request(body.url)).status).toBe(404);
  }
});

test('a table of 2 MB reaches a program by every door, and what it leaves has a url of that door', async () => {
  const content = 'a,b\n'.repeat(MIB / 2);
  const args = {
    code: 'n = len(open("t.csv").read())\nopen("n.txt", "w").write(str(n))',
    files: [{ path: 't.csv', content }],
  };
  const calls: [string, string, object][] = [
    ['middleware', '/execute', { name: 'execute_code', parameters: args }],
    ['mcp-server', '/tools/execute_code', { arguments: args }],
    ['code-executor', '/tools/execute_code', { arguments: args }],
  ];
  for (const [door, path, body] of calls) {
    const answer = await post(mesh.url(door) + path, body);
    expect(answer).toMatchObject({ status: 200, body: { is_error: false } });
    const [artifact] = answer.body.structured_content.artifacts;
    expect(artifact).toMatchObject({ path: 'n.txt', data: btoa(String(content.length)) });
    expect(artifact.url).toBe(`${mesh.url(door)}/files/${artifact.id}/content`);
    expect(await (await fetch(artifact.url)).text()).toBe(String(content.length));
    expect(answer.body.content).toContainEqual(expect.objectContaining({ type: 'resource_link', uri: artifact.url }));
  }
});

test('a file of a message is in the working directory, and the model is told its name', async () => {
  const url = `data:text/csv;base64,${btoa('x,y\n1,2\n')}`;
  const forms: [string, object][] = [
    [
      'the AI SDK',
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'Sum' },
          { type: 'file', mediaType: 'text/csv', filename: 'sales.csv', url },
        ],
      },
    ],
    [
      'OpenAI',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Sum' },
          { type: 'file', file: { filename: 'sales.csv', file_data: url } },
        ],
      },
    ],
  ];
  for (const [, message] of forms) {
    answers = [code('open("sales.csv").read()')];
    const { status, body } = await chat({ messages: [message] });
    expect(status).toBe(200);
    expect(resultOf(body)).toMatchObject({ status: 'success', result: "'x,y\\n1,2\\n'" });
    expect(seen.at(-1)).toContain('Attached file \\"sales.csv\\" (text/csv, 8 bytes)');
  }
});

test('a kept file may be named, and two of one name are told apart', async () => {
  const upload = (body: string) => request(`${mesh.url('middleware')}/files?name=data.csv`, { method: 'POST', body });
  const ids = [(await upload('one')).body.id, (await upload('two')).body.id];
  answers = [code('open("data.csv").read(), open("data-2.csv").read()')];
  const { body } = await chat({ message: 'Read', files: ids });
  expect(resultOf(body)).toMatchObject({ result: "('one', 'two')" });
});

test('a file that cannot be read is refused by its name', async () => {
  const part = { type: 'file', mediaType: 'text/csv', filename: 'far.csv', url: 'https://example.com/far.csv' };
  const { status, body } = await chat({ messages: [{ role: 'user', parts: [{ type: 'text', text: 'x' }, part] }] });
  expect({ status, message: body.error.message }).toEqual({ status: 400, message: expect.stringContaining('far.csv') });
});

test('a conversation has a session of its own, which its model cannot choose', async () => {
  answers = [code('x = 41')];
  await chat({ message: 'Set', session_id: 'first' });
  answers = [code('x + 1', { session_id: 'mine' }), { text: 'no' }];
  const chosen = await chat({ message: 'Get', session_id: 'first' });
  expect(resultOf(chosen.body)).toMatchObject({ status: 'error', error: { type: 'NameError' } });
  answers = [code('x + 1')];
  expect(resultOf((await chat({ message: 'Get', session_id: 'first' })).body)).toMatchObject({ result: '42' });
  answers = [code('x + 1')];
  expect(resultOf((await chat({ message: 'Get', session_id: 'second' })).body)).toMatchObject({ status: 'error' });
  const direct = { code: 'x', session_id: 'first' };
  expect((await post(`${mesh.url('sandbox')}/execute`, direct)).body).toMatchObject({ status: 'error' });
});
