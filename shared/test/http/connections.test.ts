import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type Connections,
  type ConnectionsOptions,
  createConnections,
  type HttpAnswer,
  type HttpRequest,
} from '../../kit/http/connections.ts';
import { decodeBody } from '../../kit/http/decode-body.ts';
import { followRedirects, type RedirectRules } from '../../kit/http/follow-redirects.ts';
import { freePort, serveRaw } from '../../test-kit/raw-server.ts';

type Listener = (...exchange: Parameters<Parameters<typeof serveRaw>[0]>) => unknown;

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.stop()));
});

function open(options: Partial<ConnectionsOptions> = {}): Connections {
  const connections = createConnections({ name: 'The peer', connectMs: 1_000, ...options });
  opened.push({ stop: () => connections.close() });
  return connections;
}

async function serve(listener: Listener): Promise<URL> {
  const server = await serveRaw((req, res) => void listener(req, res));
  opened.push(server);
  return new URL(server.url);
}

const get = (url: URL, rest: Partial<HttpRequest> = {}): HttpRequest => ({ method: 'GET', url, headers: {}, ...rest });
const readText = ({ body }: HttpAnswer) => body.text();

describe('an exchange', () => {
  test('sends what it was given and reads the answer', async () => {
    const url = await serve(async (req, res) => {
      res
        .writeHead(201, { 'x-own': '1' })
        .end(`${req.method} ${req.url} ${String(req.headers['x-key'])} ${await textOf(req)}`);
    });
    const request = get(new URL('/a?b=c', url), { method: 'POST', headers: { 'x-key': 'k' }, body: 'text' });
    const read = async (answer: HttpAnswer) => [answer.statusCode, answer.headers['x-own'], await answer.body.text()];
    expect(await open().exchange(request, read)).toEqual([201, '1', 'POST /a?b=c k text']);
  });

  test('uses a connection again', async () => {
    const sockets = new Set<unknown>();
    const url = await serve((req, res) => void res.end(sockets.add(req.socket).size.toString()));
    const connections = open({ perServer: 1 });
    await connections.exchange(get(url), readText);
    expect(await connections.exchange(get(url), readText)).toBe('1');
  });

  test('ends at a silence before the answer and in its middle', async () => {
    const silent = await serve(() => {});
    const stalled = await serve((_req, res) => void res.writeHead(200).write('begun'));
    const connections = open({ idleMs: 50 });
    const late = { code: 'upstream_timeout', message: 'The peer did not answer in time' };
    await expect(connections.exchange(get(silent), readText)).rejects.toMatchObject(late);
    await expect(connections.exchange(get(stalled), readText)).rejects.toMatchObject(late);
  });

  test('ends when more comes than is accepted', async () => {
    const url = await serve((_req, res) => void res.end('x'.repeat(2_000)));
    await expect(open({ maxResponseBytes: 1_000 }).exchange(get(url), readText)).rejects.toMatchObject({
      code: 'upstream_failed',
      message: 'The peer answered with more than 1000 bytes',
    });
  });

  test('ends with its caller, and closes the connection', async () => {
    const closed = Promise.withResolvers<void>();
    const url = await serve((req, res) => {
      void once(req.socket, 'close').then(() => closed.resolve());
      res.writeHead(200).write('begun');
    });
    const caller = new AbortController();
    const read = (answer: HttpAnswer) => {
      caller.abort(new Error('changed my mind'));
      return answer.body.text();
    };
    await expect(open().exchange(get(url, { signal: caller.signal }), read)).rejects.toThrow('changed my mind');
    await closed.promise;
  });

  test('fails when the connections are closed', async () => {
    const connections = open();
    const url = await serve(() => void connections.close());
    await expect(connections.exchange(get(url), readText)).rejects.toMatchObject({ code: 'upstream_failed' });
  });

  test('names the peer in errors; without a name, what the socket says is thrown', async () => {
    const url = new URL(`http://127.0.0.1:${await freePort()}`);
    await expect(open().exchange(get(url), readText)).rejects.toThrow('The peer cannot be reached');
    const nameless = createConnections({ connectMs: 1_000 });
    await expect(nameless.exchange(get(url), readText)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await nameless.close();
  });

  test('goes through a proxy where one is set', async () => {
    const proxied: string[] = [];
    const proxy = await serve((req, res) => {
      proxied.push(req.url ?? '');
      res.end('from the proxy');
    });
    const connections = open({ proxy: { http: proxy.href } });
    expect(await connections.exchange(get(new URL('http://example.invalid/page')), readText)).toBe('from the proxy');
    expect(proxied).toEqual(['http://example.invalid/page']);
  });

  describe('through a proxy to a server with TLS', () => {
    const page = get(new URL('https://example.invalid/page'));

    /** Answers CONNECT with `status`, or never, and collects what is asked for and what then comes through. */
    async function serveTunnel(status?: string) {
      const asked: string[] = [];
      const { promise: first, resolve: tell } = Promise.withResolvers<Buffer>();
      const proxy = await serveRaw(() => {});
      opened.push(proxy);
      proxy.server.on('connect', (req, socket) => {
        asked.push(req.url ?? '');
        socket.on('error', () => {});
        if (status === undefined) return;
        socket.write(`HTTP/1.1 ${status}\r\n\r\n`);
        socket.once('data', (bytes: Buffer) => {
          tell(bytes);
          socket.destroy();
        });
      });
      return { proxy: { https: proxy.url }, asked, first };
    }

    test('asks for a tunnel and shakes hands with the server', async () => {
      const { proxy, asked, first } = await serveTunnel('200 OK');
      await expect(open({ proxy }).exchange(page, readText)).rejects.toMatchObject({ code: 'upstream_failed' });
      expect(asked).toEqual(['example.invalid:443']);
      const hello = await first;
      expect(hello[0]).toBe(22);
      expect(hello.includes('example.invalid')).toBe(true);
    });

    test('fails where the proxy refuses', async () => {
      const { proxy } = await serveTunnel('403 Forbidden');
      await expect(open({ proxy }).exchange(page, readText)).rejects.toMatchObject({
        cause: { message: expect.stringContaining('403') },
      });
    });

    test('waits for a tunnel no longer than for a connection', async () => {
      const { proxy } = await serveTunnel();
      await expect(open({ proxy, connectMs: 100 }).exchange(page, readText)).rejects.toMatchObject({
        code: 'upstream_timeout',
      });
    });
  });
});

describe('followRedirects', () => {
  const rules: RedirectRules = { max: 2, tooMany: () => new Error('too many'), check: () => {} };

  /** Serves paths that redirect by their names: `/307/a` to `/a` with status 307. */
  async function follow(path: string, given: Partial<HttpRequest> = {}, own: Partial<RedirectRules> = {}) {
    const url = await serve(async (req, res) => {
      const [, status, ...rest] = (req.url ?? '').split('/');
      if (rest.length > 0) res.writeHead(Number(status), { location: `/${rest.join('/')}` }).end('moved');
      else res.end(`${req.method} ${req.url} ${req.headers['content-type'] ?? 'no type'} ${await textOf(req)}`);
    });
    const connections = open();
    const send = (request: HttpRequest) =>
      connections.exchange(request, async (answer) => ({ ...answer, text: await answer.body.text() }));
    return followRedirects(get(new URL(path, url), given), send, { ...rules, ...own });
  }

  test('follows those of a request that reads', async () => {
    const { answer, url } = await follow('/301/308/end');
    expect(answer.text).toBe('GET /end no type ');
    expect(url.pathname).toBe('/end');
  });

  const posted = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'text' } as const;

  test('reads where a request that writes is told to, and writes where nothing has been done yet', async () => {
    expect((await follow('/303/end', posted)).answer.text).toBe('GET /end no type ');
    for (const status of [307, 308])
      expect((await follow(`/${status}/end`, posted)).answer.text).toBe('POST /end text/plain text');
    expect((await follow('/302/end', posted)).answer).toMatchObject({ statusCode: 302, text: 'moved' });
  });

  test('writes where only a slash was missing, or too many', async () => {
    const url = await serve(async (req, res) => {
      const [path = '', query = ''] = (req.url ?? '').split('?');
      if (path === '/items') res.writeHead(301, { location: `/items/?${query}` }).end();
      else if (path === '/elsewhere') res.writeHead(301, { location: '/items/' }).end('moved');
      else res.end(`${req.method} ${req.url} ${await textOf(req)}`);
    });
    const connections = open();
    const send = (request: HttpRequest) =>
      connections.exchange(request, async (answer) => ({ ...answer, text: await answer.body.text() }));
    const to = (path: string) => followRedirects(get(new URL(path, url), posted), send, rules);
    expect((await to('/items?a=1')).answer.text).toBe('POST /items/?a=1 text');
    expect((await to('/elsewhere')).answer.text).toBe('moved');
  });

  test('gives up after too many', async () => {
    await expect(follow('/302/302/302/end')).rejects.toThrow('too many');
  });

  test('lets its caller refuse one', async () => {
    const check = (_from: URL, to: URL) => {
      throw new Error(`not to ${to.pathname}`);
    };
    await expect(follow('/302/end', {}, { check })).rejects.toThrow('not to /end');
  });
});

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['unknown', (bytes: Buffer) => bytes],
])('decodeBody reads a body that was sent in %s', async (encoding, encode) => {
  const text = 'Grüße '.repeat(1_000);
  const url = await serve((_req, res) => {
    res.writeHead(200, { 'content-encoding': encoding }).end(encode(Buffer.from(text)));
  });
  expect(await open().exchange(get(url), (answer) => textOf(decodeBody(answer)))).toBe(text);
});

test('decodeBody passes on how the body failed', async () => {
  const url = await serve((_req, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip', 'content-length': '1000' }).write(gzipSync('text'));
    setTimeout(() => res.destroy(), 20);
  });
  await expect(open().exchange(get(url), (answer) => textOf(decodeBody(answer)))).rejects.toMatchObject({
    code: 'upstream_failed',
  });
});
