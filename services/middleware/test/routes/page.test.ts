import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort, serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { servePage } from '../../src/routes/page.ts';
import { middleware as service } from '../../src/service.ts';

/** Upper bound for the whole page as sent. */
const MAX_GZIP_BYTES = 85_000;

let middleware: ServiceInProcess;
beforeAll(async () => {
  const away = `http://127.0.0.1:${await freePort()}`;
  const env = { LLM_PROVIDER: 'demo', MCP_SERVER_URL: away, API_KEY: 'open-sesame', MCP_SERVER_API_KEY: 'x' };
  middleware = await serveInProcess(service, env);
});
afterAll(() => middleware?.stop(0));

const parts = (html: string): readonly string[] =>
  [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);

describe('GET /', () => {
  test('is the page, without a key; all else still asks for one', async () => {
    const { status, headers, body } = await request(`${middleware.url}/`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(body).toContain('<title>Toolmesh</title>');
    for (const path of ['/tools', '/sessions', '/assetsx', '/x/assets/']) {
      expect((await request(middleware.url + path)).status).toBe(401);
    }
  });

  test('has a policy that lets nothing in but the page’s own files', async () => {
    const { headers, body } = await request(`${middleware.url}/`);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
        "object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
        "trusted-types 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:\/\//);
  });

  test('is asked for anew each time, and sent only when it has changed', async () => {
    const { headers } = await request(`${middleware.url}/`);
    expect(headers.get('cache-control')).toBe('no-cache');
    const again = await fetch(`${middleware.url}/`, { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await fetch(`${middleware.url}/`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test('weighs under 60 kB in all', async () => {
    const { body } = await request(`${middleware.url}/`);
    const paths = parts(body);
    expect(paths.length).toBe(3);
    let total = gzipSync(body).byteLength;
    for (const path of paths) total += gzipSync(await (await fetch(middleware.url + path)).text()).byteLength;
    expect(total).toBeLessThan(MAX_GZIP_BYTES);
  });

  test('without a build says how to make one, and is the page as soon as there is one', async () => {
    const folder = `${mkdtempSync(`${tmpdir()}/page-`)}/`;
    const { '/': answer } = servePage(folder);
    const server = await serveRaw((req, res) => void answer?.(req, res, () => res.writeHead(404).end()));
    const { status, body } = await request(server.url);
    expect(status).toBe(503);
    expect(body).toContain('npm run build');
    expect((await request(`${server.url}/assets/index.js`)).status).toBe(404);
    writeFileSync(`${folder}index.html`, '<p>built</p>');
    expect(await request(server.url)).toMatchObject({ status: 200, body: '<p>built</p>' });
    await server.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('/assets/', () => {
  test('are kept for good by whoever has them, and sent compressed', async () => {
    const [script = ''] = parts((await request(`${middleware.url}/`)).body).filter((path) => path.endsWith('.js'));
    const answer = await fetch(middleware.url + script, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    const plain = await fetch(middleware.url + script, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBe(null);
    expect(await plain.text()).toBe(await answer.text());
  });

  test.each([
    '/assets/',
    '/assets/nothing.js',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/index.html',
    '/assets//etc/passwd',
  ])('hold nothing at %s', async (path) => {
    const { status, body } = await request(middleware.url + path);
    expect([401, 404]).toContain(status);
    expect(JSON.stringify(body)).not.toContain('toolmesh"');
  });

  test('are read, not written', async () => {
    const refused = await request(`${middleware.url}/`, { method: 'POST' });
    expect(refused).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    const head = await fetch(`${middleware.url}/`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
