import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { type Sandbox, startSandbox } from '../sandbox.ts';

// Real services are started, whose first start prepares the isolate.
jest.setTimeout(240_000);

const MIB = 1_024 ** 2;

let folder: string;
let sandbox: Sandbox;
const settings = () => ({
  SANDBOX_ISOLATION: 'wasm',
  MIN_WORKERS: '1',
  SANDBOX_DATA_DIR: folder,
  SANDBOX_FILE_MAX_MB: '3',
  SANDBOX_FILES_MAX_MB: '8',
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'toolmesh-files-'));
  sandbox = await startSandbox(settings());
});
afterAll(async () => {
  await sandbox.stop();
  await rm(folder, { recursive: true, force: true });
});

const upload = (content: string | Uint8Array<ArrayBuffer>, query: string, type = 'application/octet-stream') =>
  request(`${sandbox.url}/files?${query}`, { method: 'POST', body: content, headers: { 'content-type': type } });
const download = (id: string, headers: Record<string, string> = {}) =>
  fetch(`${sandbox.url}/files/${id}/content`, { headers });

describe('a file that is uploaded', () => {
  test('is described, downloaded and deleted', async () => {
    const { status, body } = await upload('a,b\n1,2\n', 'name=data.csv');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { name: 'data.csv', mime_type: 'text/csv', size_bytes: 8, id: body.file_id },
    });
    expect(body.file_id).toMatch(/^file_[A-Za-z0-9_-]{22}$/);
    expect(body.url).toBe(`${sandbox.url}/files/${body.file_id}/content`);
    expect((await request(`${sandbox.url}/files/${body.file_id}`)).body).toEqual(body);
    expect(await (await fetch(body.url)).text()).toBe('a,b\n1,2\n');
    expect((await request(`${sandbox.url}/files/${body.file_id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await request(body.url)).status).toBe(404);
  });

  test('may come in a form', async () => {
    const form = new FormData();
    form.set('purpose', 'user_data');
    form.set('file', new Blob(['x'.repeat(2 * MIB)], { type: 'text/plain' }), 'long Ünïcode “name”.txt');
    const { body } = await request(`${sandbox.url}/files`, { method: 'POST', body: form });
    expect(body).toMatchObject({ name: 'long Ünïcode “name”.txt', mime_type: 'text/plain', size_bytes: 2 * MIB });
    const answer = await fetch(body.url);
    expect((await answer.bytes()).byteLength).toBe(2 * MIB);
    expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''long%20%C3%9Cn%C3%AFcode");
  });

  test('is never shown as a page, whatever it is', async () => {
    const { body } = await upload('<script>alert(1)</script>', 'name=page.html', 'text/html');
    const { headers } = await download(body.file_id);
    expect(headers.get('content-disposition')).toBe('attachment; filename=page.html');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  test('is downloaded in ranges', async () => {
    const { body } = await upload('0123456789', 'name=digits');
    const part = await download(body.file_id, { range: 'bytes=2-4' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await (await download(body.file_id, { range: 'bytes=-3' })).text()).toBe('789');
    expect((await download(body.file_id, { range: 'bytes=10-' })).status).toBe(416);
  });

  test('is refused without a name, without a file, or cut off, and leaves nothing', async () => {
    const before = readdirSync(join(folder, 'files'));
    expect(await upload('x', '')).toMatchObject({ status: 400, body: { error: { message: /\?name=/ } } });
    const noFile = new FormData();
    noFile.set('a', 'b');
    expect((await request(`${sandbox.url}/files`, { method: 'POST', body: noFile })).status).toBe(400);
    const broken = await upload('--x\r\nnonsense', '', 'multipart/form-data; boundary=x');
    expect(broken.status).toBe(400);
    expect((await upload('--x', '', 'multipart/form-data')).status).toBe(400);
    expect(readdirSync(join(folder, 'files'))).toEqual(before);
  });

  test('is refused where it is too large, by its header or as it comes', async () => {
    const before = readdirSync(join(folder, 'files'));
    expect((await upload(new Uint8Array(4 * MIB), 'name=large')).status).toBe(413);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const init = {
      method: 'POST',
      body: endless,
      duplex: 'half' as const,
      headers: { 'content-type': 'application/x-endless' },
    };
    // Either the refusal arrives, or the connection ends under the rest of the body.
    const answer = await request(`${sandbox.url}/files?name=endless`, init).catch(() => ({ status: 413 }));
    expect(answer.status).toBe(413);
    expect(readdirSync(join(folder, 'files'))).toEqual(before);
  });

  test.each(['nothing', '..%2f..%2fetc%2fpasswd', 'file_AAAAAAAAAAAAAAAAAAAAAA', `file_${'A'.repeat(21)}%00`])(
    'is not found as %s',
    async (id) => expect([400, 404]).toContain((await request(`${sandbox.url}/files/${id}/content`)).status),
  );

  test('gives way to newer ones where there is no room', async () => {
    const first = (await upload(new Uint8Array(2 * MIB), 'name=first')).body;
    for (let i = 0; i < 4; i += 1) expect((await upload(new Uint8Array(2 * MIB), `name=${i}`)).status).toBe(200);
    expect((await request(first.url)).status).toBe(404);
    const { body } = await request(`${sandbox.url}/metrics`);
    expect(body).toMatch(/^sandbox_files_evicted_total\{[^}]*reason="size"[^}]*\} [1-9]/m);
  });
});

test('files outlive a service that is killed, and what it had not kept is gone', async () => {
  const kept = (await upload('kept', 'name=kept.txt&session_id=mine')).body;
  sandbox.kill('SIGKILL');
  await sandbox.exited;
  sandbox = await startSandbox(settings());
  expect(await (await download(kept.file_id)).text()).toBe('kept');
  const listed = await request(`${sandbox.url}/files?session_id=mine`);
  expect(listed.body.files).toMatchObject([{ file_id: kept.file_id, name: 'kept.txt' }]);
  expect((await request(`${sandbox.url}/files?session_id=other`)).body).toEqual({ files: [] });
});

test('with a key set, the id alone downloads a file and does nothing else', async () => {
  const closed = await startSandbox({ ...settings(), API_KEY: 'k'.repeat(20) });
  const headers = { 'x-api-key': 'k'.repeat(20) };
  const url = `${closed.url}/files`;
  expect((await request(`${url}?name=a`, { method: 'POST', body: 'a' })).status).toBe(401);
  const { body } = await request(`${url}?name=a`, { method: 'POST', body: 'a', headers });
  expect((await request(body.url)).body).toBe('a');
  expect((await request(`${url}/${body.file_id}`)).status).toBe(401);
  expect((await request(`${url}/${body.file_id}`, { method: 'DELETE' })).status).toBe(401);
  expect((await request(`${url}/${body.file_id}`, { method: 'DELETE', headers })).status).toBe(200);
  await closed.stop();
});
