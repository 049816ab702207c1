import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { FAKE_MODEL, type FakeAnswer, serveFakeOpenAi } from '../fake-openai.ts';
import { type Mesh, startMesh } from '../mesh.ts';

jest.setTimeout(180_000);

let script: FakeAnswer[] = [];
let mesh: Mesh;
let model: Awaited<ReturnType<typeof serveFakeOpenAi>>;
beforeAll(async () => {
  model = await serveFakeOpenAi(() => script.shift() ?? { text: 'Done.' });
  mesh = await startMesh({
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${model.url}/v1`,
    OPENAI_MODEL: FAKE_MODEL,
    LLM_PROVIDER: 'openai',
    TOOL_POLICY: 'install_package=ask',
  });
}, 120_000);
afterAll(async () => {
  await mesh?.stop();
  await model?.stop();
});

/** Three calls at once, one by a wrong name. */
const PROGRAMS = {
  python: [
    'import asyncio',
    'from toolmesh import tools, async_tools, ToolError',
    'zones = ["UTC", "Asia/Tokyo", "America/Lima"]',
    'now = await asyncio.gather(*(async_tools.get_current_time(timezone=zone) for zone in zones))',
    'print([one["utc_offset"] for one in now])',
    'try: tools.get_curent_time()',
    'except ToolError as error: print(error)',
  ].join('\n'),
  javascript: [
    `import { tools, ToolError } from 'toolmesh';`,
    'const zones = ["UTC", "Asia/Tokyo", "America/Lima"];',
    'const now = await Promise.all(zones.map((timezone) => tools.get_current_time({ timezone })));',
    'console.log(now.map((one) => one.utc_offset));',
    'try { await tools.get_curent_time() } catch (error) { if (error instanceof ToolError) console.log(error.message) }',
  ].join('\n'),
};
const statuses = ['success', 'success', 'success', 'refused'];

(canJail() ? describe : describe.skip).each(['python', 'javascript'] as const)('a program of %s', (language) => {
  const args = { language, code: PROGRAMS[language], tools: true };
  const expected = {
    status: 'success',
    stdout: expect.stringMatching(
      /\+?00:00.*\+09:00.*-05:00[^]*There is no tool named "get_curent_time"; did you mean get_current_time/,
    ),
    tool_calls: statuses.map((status) => expect.objectContaining({ status })),
  };

  test('calls the tools of the mesh, called over REST', async () => {
    const { body } = await post(`${mesh.url('mcp-server')}/tools/execute_code`, { arguments: args });
    expect(body.structured_content).toMatchObject(expected);
  });

  test('calls them in a chat, one round of the model for all', async () => {
    script = [{ calls: [{ name: 'execute_code', arguments: args }] }, { text: 'Three times.' }];
    const { body } = await post(`${mesh.url('middleware')}/chat`, { message: 'times?' });
    expect(body).toMatchObject({ response: 'Three times.', tool_calls: [{ name: 'execute_code', status: 'ok' }] });
    expect(body.tool_calls[0].result.structured_content).toMatchObject(expected);
  });

  test('may not call what the user has to approve, nor run another program', async () => {
    const code = {
      python: 'from toolmesh import tools\ntools.install_package(name="six", ecosystem="pypi")',
      javascript: `import { tools } from 'toolmesh'; await tools.install_package({ name: 'six', ecosystem: 'pypi' })`,
    };
    script = [{ calls: [{ name: 'execute_code', arguments: { ...args, code: code[language] } }] }, { text: 'No.' }];
    const { body } = await post(`${mesh.url('middleware')}/chat`, { message: 'install' });
    const result = body.tool_calls[0].result.structured_content;
    expect(result.error.message).toContain("needs the user's approval, which a program cannot request");
    expect(result.tool_calls).toEqual([expect.objectContaining({ name: 'install_package', status: 'refused' })]);

    const nested = {
      python: 'from toolmesh import tools\ntools.execute_code(code="1")',
      javascript: `import { tools } from 'toolmesh'; await tools.execute_code({ code: '1' })`,
    };
    const inner = await post(`${mesh.url('mcp-server')}/tools/execute_code`, {
      arguments: { ...args, code: nested[language] },
    });
    expect(inner.body.structured_content.error.message).toContain('A program may not run execute_code');
  });
});

(canJail() ? describe : describe.skip)('the hub', () => {
  test('counts the calls of programs as any other', async () => {
    const { body } = await request(`${mesh.url('mcp-server')}/stats`);
    expect(body.tools.get_current_time.calls).toBeGreaterThanOrEqual(6);
  });
});
