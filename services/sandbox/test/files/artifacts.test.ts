import { createHash, randomUUID } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from '../sandbox.ts';

// Real processes run real programs.
jest.setTimeout(240_000);

const MIB = 1_024 ** 2;

describe.each(PYTHON_LEVELS)('files of programs, Python in %s:', (level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ SANDBOX_ISOLATION: level, MIN_WORKERS: '1', MAX_WORKERS: '2' });
  }, 240_000);
  afterAll(() => sandbox.stop());

  const upload = async (name: string, content: string | Uint8Array<ArrayBuffer>) =>
    (await request(`${sandbox.url}/files?name=${name}`, { method: 'POST', body: content })).body;

  test('what a result has no room for is listed, and downloaded by its url', async () => {
    const code = `
with open("large.csv", "w") as f:
    for i in range(22): f.write("0123456789abcde\\n" * (2**20 // 16))
open("small.csv", "w").write("a,b\\n")`;
    const { artifacts, truncated } = await sandbox.run({ code });
    expect(artifacts).toMatchObject([
      { path: 'large.csv', mime_type: 'text/csv', size_bytes: 22 * MIB },
      { path: 'small.csv', mime_type: 'text/csv', size_bytes: 4, data: btoa('a,b\n') },
    ]);
    expect(artifacts[0]).not.toHaveProperty('data');
    expect(truncated.artifacts).toBe(true);
    const answer = await fetch(artifacts[0].url);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=large.csv');
    const expected = '0123456789abcde\n'.repeat((22 * MIB) / 16);
    expect(digest(await answer.bytes())).toBe(digest(Buffer.from(expected)));
    expect(await (await fetch(artifacts[1].url)).text()).toBe('a,b\n');
  });

  test('a kept file reaches a program by its id, and comes back only where it is changed', async () => {
    const content = new Uint8Array(12 * MIB).fill(7);
    const { file_id } = await upload('in.bin', content);
    const code = 'data = open("data/in.bin", "rb").read()\nlen(data), data[:2], data[-1]';
    const files = [
      { path: 'data/in.bin', file_id },
      { path: 'same.txt', content: 'same' },
      { path: 'other.txt', content: 'other' },
    ];
    expect(await sandbox.run({ code, files })).toMatchObject({
      status: 'success',
      result: `(${12 * MIB}, b'\\x07\\x07', 7)`,
      artifacts: [],
    });
    const changing = 'open("same.txt", "w").write("same")\nopen("other.txt", "w").write("OTHER")';
    const { artifacts } = await sandbox.run({ code: changing, files });
    expect(artifacts).toMatchObject([{ path: 'other.txt', data: btoa('OTHER') }]);
  });

  test('the file of one program is that of the next, by its id', async () => {
    const { artifacts } = await sandbox.run({ code: 'open("a.txt", "w").write("from the first")' });
    const files = [{ path: 'b.txt', file_id: artifacts[0].id }];
    expect((await sandbox.run({ code: 'open("b.txt").read()', files })).result).toBe("'from the first'");
  });

  test('a file that is not kept is refused by its argument, as are two contents and none', async () => {
    const call = (file: object) =>
      sandbox.execute({
        code: '1',
        files: [{ path: 'a' }, { path: 'b', content: '' }].map((one, i) => (i === 0 ? { ...one, ...file } : one)),
      });
    expect(await call({ file_id: 'file_AAAAAAAAAAAAAAAAAAAAAA' })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', details: [{ path: 'files[0].file_id' }] } },
    });
    expect((await call({})).status).toBe(422);
    expect((await call({ content: '', file_id: 'file_AAAAAAAAAAAAAAAAAAAAAA' })).status).toBe(422);
  });

  test('files that the working directory has no room for are refused', async () => {
    const { file_id } = await upload('large.bin', new Uint8Array(40 * MIB));
    const files = ['a', 'b'].map((path) => ({ path, file_id }));
    expect(await sandbox.execute({ code: '1', files })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', details: [{ path: 'files' }] } },
    });
  });

  test('files of a session are listed by its id', async () => {
    const session_id = randomUUID();
    await sandbox.run({ code: 'open("s.txt", "w").write("x")', session_id });
    const { body } = await request(`${sandbox.url}/files?session_id=${session_id}`);
    expect(body.files).toMatchObject([{ name: 's.txt', size_bytes: 1 }]);
  });
});

test('over MCP a file is a link, and an image the image that it was', async () => {
  const sandbox = await startSandbox({ MIN_WORKERS: '1' });
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${sandbox.url}/mcp`)));
  const code = 'const fs = require("fs"); fs.writeFileSync("a.svg", "<svg/>"); fs.writeFileSync("b.png", "not really")';
  const result = await client.callTool({ name: 'execute_code', arguments: { code, language: 'javascript' } });
  await client.close();
  expect(result.content).toMatchObject([
    { type: 'text' },
    {
      type: 'resource_link',
      name: 'a.svg',
      mimeType: 'image/svg+xml',
      size: 6,
      uri: expect.stringContaining(sandbox.url),
    },
    { type: 'image', mimeType: 'image/png', data: btoa('not really') },
  ]);
  expect(result.structuredContent).toMatchObject({
    artifacts: [{ data: btoa('<svg/>') }, { data: btoa('not really') }],
  });
  await sandbox.stop();
});

const digest = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
