import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { networkOf } from '../../kit/http/access/address.ts';
import { costOf, withOneMore } from '../../kit/http/access/wrong-keys.ts';
import { MeshError } from '../../kit/faults/errors.ts';
import { defineTool } from '../../kit/tools/tool.ts';
import { endWithTest } from '../../test-kit/end-with-test.ts';
import { requestRaw } from '../../test-kit/raw-request.ts';
import { request } from '../../test-kit/requests.ts';
import { serveTools } from '../../test-kit/serve-tools.ts';

const echo = defineTool({
  name: 'echo',
  description: 'Repeats its input.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  run: (input) => input,
});
const serve = async (env: Record<string, string> = {}) => endWithTest(await serveTools([echo], env));

const OUTSIDE = { HOST: '0.0.0.0', AUTH: 'none', ALLOWED_HOSTS: 'Tools.example.com:8443' };
const KEYED = { HOST: '0.0.0.0', API_KEY: 'open-sesame', ALLOWED_HOSTS: 'tools.example.com' };

describe('the host of a request', () => {
  const HTTP = (target: string, ...headers: string[]) => [`GET ${target} HTTP/1.1`, ...headers, 'Connection: close'];
  test.each<[string, readonly string[], number]>([
    ['is one that is served', HTTP('/tools', 'Host: tools.example.com'), 200],
    ['is one that is served, with a port and capitals', HTTP('/tools', 'Host: TOOLS.example.com:9000'), 200],
    ['is another', HTTP('/tools', 'Host: evil.example'), 403],
    ['is an address', HTTP('/tools', 'Host: 10.0.0.7'), 403],
    ['is given twice', HTTP('/tools', 'Host: tools.example.com', 'host: evil.example'), 400],
    ['is given twice alike', HTTP('/tools', 'Host: tools.example.com', 'Host: tools.example.com'), 400],
    ['is empty', HTTP('/tools', 'Host:'), 400],
    ['is missing', ['GET /tools HTTP/1.0'], 400],
    ['is no name', HTTP('/tools', 'Host: tools.example.com/evil'), 400],
    ['is two names', HTTP('/tools', 'Host: tools.example.com, evil.example'), 400],
    ['has a user', HTTP('/tools', 'Host: a@tools.example.com'), 400],
    ['differs from the target', HTTP('http://evil.example/tools', 'Host: tools.example.com'), 400],
    ['hides behind a target that is served', HTTP('http://tools.example.com/tools', 'Host: evil.example'), 400],
    ['is that of the target', HTTP('http://tools.example.com/tools', 'Host: tools.example.com'), 200],
    ['is another for a probe', HTTP('/health', 'Host: evil.example'), 403],
    ['is no address for a probe', HTTP('/health', 'Host: 10.0.0.7.evil.example'), 403],
    ['is an address behind a path that looks like a probe', HTTP('/health/../tools', 'Host: 10.0.0.7'), 403],
  ])('%s', async (_name, lines, status) => {
    const service = await serve(OUTSIDE);
    expect((await requestRaw(service.port, lines)).status).toBe(status);
  });

  test.each([OUTSIDE, KEYED])('may be any address for probes and metrics, with and without a key (%#)', async (env) => {
    const service = await serve(env);
    for (const path of ['/health', '/ready', '/ready?verbose', '/metrics']) {
      for (const host of ['10.0.0.7', '10.0.0.7:8003', '[fd00::7]', '[FD00::7]:8003']) {
        for (const method of ['GET', 'HEAD']) {
          const { status } = await requestRaw(service.port, [
            `${method} ${path} HTTP/1.1`,
            `Host: ${host}`,
            'Connection: close',
          ]);
          expect([path, host, method, status]).toEqual([path, host, method, 200]);
        }
      }
    }
  });
});

describe('requests of pages', () => {
  /** A request as a browser sends it; `fetch` would write headers of its own over these. */
  const status = async (method: string, mode: string, site: string, origin?: string) => {
    const service = await serve();
    const headers = [`Host: localhost:${service.port}`, `Sec-Fetch-Site: ${site}`, `Sec-Fetch-Mode: ${mode}`];
    const from = origin === undefined ? [] : [`Origin: ${origin}`];
    const lines = [`${method} /tools HTTP/1.1`, ...headers, ...from, 'Connection: close'];
    return (await requestRaw(service.port, lines)).status;
  };

  test.each([
    ['GET', 'no-cors'],
    ['GET', 'cors'],
    ['GET', 'websocket'],
    ['POST', 'navigate'],
    ['DELETE', 'no-cors'],
  ])('of other sites are refused, which a browser sends without an origin: %s %s', async (method, mode) => {
    expect(await status(method, mode, 'cross-site')).toBe(403);
  });

  test('may be links, come from this site, or from an origin that may call', async () => {
    expect(await status('GET', 'navigate', 'cross-site')).toBe(200);
    expect(await status('GET', 'no-cors', 'same-origin')).toBe(200);
    expect(await status('GET', 'cors', 'none')).toBe(200);
    expect(await status('GET', 'cors', 'cross-site', 'http://localhost:5173')).toBe(200);
  });
});

describe('wrong keys', () => {
  const withKey = (key: string) => ({ headers: { 'x-api-key': key } });

  test('are slowed, then refused, and logged without the key; a right one is never held up', async () => {
    const { url, lines } = await serve(KEYED_LOCALLY);
    const statuses: number[] = [];
    let retryAfter: string | null = null;
    for (let i = 0; i < 15; i += 1) {
      const { status, headers } = await request(`${url}/tools`, withKey(`wrong-guess-${i}`));
      statuses.push(status);
      retryAfter = headers.get('retry-after');
      expect((await request(`${url}/tools`, withKey('open-sesame'))).status).toBe(200);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), ...Array.from({ length: 5 }, () => 429)]);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(Number(retryAfter)).toBeLessThanOrEqual(60);

    for (let i = 0; i < 3; i += 1) expect((await request(`${url}/tools`)).status).toBe(401);
    const { body: metrics } = await request(`${url}/metrics`);
    expect(metrics).toMatch(/^http_auth_failures_total\{key="api",reason="wrong"\} 15$/m);
    expect(metrics).toMatch(/^http_auth_failures_total\{key="api",reason="missing"\} 3$/m);
    expect(metrics).toMatch(/^http_auth_failures_total\{key="admin",reason="wrong"\} 0$/m);
    const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([{ address: '127.0.0.1', message: 'a wrong key was sent' }]);
    expect(lines.join('')).not.toMatch(/wrong-guess|open-sesame/);
  });

  test('on a probe are counted, and the probe is answered as to a stranger', async () => {
    const { url } = await serve(KEYED_LOCALLY);
    expect((await request(`${url}/ready`, withKey('wrong'))).status).toBe(200);
    const { body } = await request(`${url}/metrics`);
    expect(body).toMatch(/^http_auth_failures_total\{key="api",reason="wrong"\} 1$/m);
  });

  test('in the address of a request are no keys at all', async () => {
    const { url, lines } = await serve(KEYED_LOCALLY);
    expect((await request(`${url}/tools?api_key=open-sesame`)).status).toBe(401);
    expect(lines.join('')).not.toContain('open-sesame');
  });

  test('cost more each time, are refused after ten, and are forgiven after a minute', () => {
    let attempts = withOneMore(undefined, 0);
    const pauses = [costOf(attempts, 0)];
    for (let i = 2; i <= 11; i += 1) {
      attempts = withOneMore(attempts, i);
      pauses.push(costOf(attempts, i));
    }
    expect(pauses.map(({ pauseMs }) => pauseMs)).toEqual([0, 25, 50, 100, 200, 400, 500, 500, 500, 500, 0]);
    expect(pauses.map(({ lockedMs }) => lockedMs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60_000 - 11]);
    expect(withOneMore(attempts, 60_000)).toEqual({ sinceMs: 60_000, count: 1 });
  });

  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, 'unknown'],
  ])('of %s count for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

const KEYED_LOCALLY = { API_KEY: 'open-sesame' };

describe('without the key', () => {
  const strange = { headers: {} };
  const known = { headers: { 'x-api-key': 'open-sesame' } };

  test('the API is described without its tools', async () => {
    const { url } = await serve(KEYED_LOCALLY);
    expect(JSON.stringify((await request(`${url}/openapi.json`, strange)).body)).not.toContain('echo');
    expect((await request(`${url}/openapi.json`, strange)).body.paths).toHaveProperty(['/tools/{name}/stream']);
    expect((await request(`${url}/openapi.json`, known)).body.paths).toHaveProperty(['/tools/echo']);
  });

  test('/ready says which check failed and not why', async () => {
    const checks = {
      files: () => {
        throw new MeshError('unavailable', 'there is no program /opt/secret/tool');
      },
    };
    const { url } = endWithTest(await serveTools([echo], KEYED_LOCALLY, { checks }));
    const { status, body } = await request(`${url}/ready`, strange);
    expect([status, body.checks.files.status]).toEqual([503, 'failed']);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect((await request(`${url}/ready`, known)).body.checks.files.detail).toContain('/opt/secret/tool');
  });
});

test('a page may read what it needs of an answer, the id of its session among it', async () => {
  const { url } = await serve();
  const { headers } = await request(`${url}/mcp`, { headers: { origin: 'http://localhost:5173' } });
  const exposed = headers.get('access-control-expose-headers')?.split(',');
  expect(exposed).toEqual(
    expect.arrayContaining(['mcp-session-id', 'mcp-protocol-version', 'www-authenticate', 'retry-after']),
  );
});

test('what a service says is not stored, except the files of its documentation', async () => {
  const { url } = await serve();
  const caching = async (path: string, init: RequestInit = {}) =>
    (await request(url + path, init)).headers.get('cache-control');
  for (const path of ['/tools', '/health', '/openapi.json', '/nowhere']) expect(await caching(path)).toBe('no-store');
  const call = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"arguments":{"text":"x"}}' };
  expect(await caching('/tools/echo', call)).toBe('no-store');
  expect(await caching('/tools/echo/stream', call)).toBe('no-store, no-transform');
  const accept = 'application/json, text/event-stream';
  for (const method of ['tools/list', 'initialize']) {
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    expect(await caching('/mcp', { ...call, headers: { ...call.headers, accept }, body })).toMatch(/^no-store/);
  }
  expect(await caching('/docs/swagger-ui.css')).not.toContain('no-store');
});
