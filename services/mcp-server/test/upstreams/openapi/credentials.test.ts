import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { loadOpenApi, type OpenApiOptions } from '../../../src/upstreams/openapi/openapi.ts';
import { areAllUp, call, startHub } from '../../mesh-of-tests.ts';

const forever = new AbortController().signal;

const SCHEMES = {
  query: { type: 'apiKey', in: 'query', name: 'api_key' },
  header: { type: 'apiKey', in: 'header', name: 'X-Key' },
  cookie: { type: 'apiKey', in: 'cookie', name: 'sid' },
  basic: { type: 'http', scheme: 'Basic' },
  bearer: { type: 'http', scheme: 'bearer' },
  oauth: { type: 'oauth2', flows: {} },
  tls: { type: 'mutualTLS' },
};

const operation = (operationId: string, more: object = {}) => ({
  operationId,
  responses: {},
  parameters: [
    { name: 'q', in: 'query', schema: { type: 'string' } },
    { name: 'api_key', in: 'query', schema: { type: 'string' } },
    { name: 'X-KEY', in: 'header', schema: { type: 'string' } },
    { name: 'sid', in: 'cookie', schema: { type: 'string' } },
    { name: 'lang', in: 'cookie', schema: { type: 'string' } },
    { name: 'token', in: 'query', schema: { type: 'string' } },
  ],
  ...more,
});

const DOCUMENT = {
  openapi: '3.1.0',
  components: { securitySchemes: SCHEMES },
  security: [{ tls: [] }, { query: [], cookie: [] }, { basic: [] }],
  paths: {
    '/all': { get: operation('all') },
    '/open': { get: operation('open', { security: [] }) },
    '/key': { get: operation('key', { security: [{ header: [] }, {}] }) },
    '/token': { get: operation('token', { security: [{ bearer: ['a'] }, { oauth: ['b'] }] }) },
  },
};

async function serve(status = 200, document: object = DOCUMENT) {
  const seen: { url: string; headers: IncomingHttpHeaders }[] = [];
  const service = endWithTest(
    await serveRaw((req, res) => {
      if (req.url === '/doc') return void res.end(JSON.stringify(document));
      seen.push({ url: req.url ?? '', headers: req.headers });
      if (req.url?.startsWith('/open') === true) return void res.writeHead(307, { location: '/moved?q=1' }).end();
      res.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    }),
  );
  const load = async (options: Partial<OpenApiOptions>) => {
    const api = await loadOpenApi({ name: 'The service', document: `${service.url}/doc`, signal: forever, ...options });
    endWithTest({ stop: () => api.close() });
    const send = async (tool: string, args: object = {}) => {
      const result = await api.call(tool, args, quietContext(forever));
      return { result, ...seen.at(-1) };
    };
    return { api, send };
  };
  return { ...service, load };
}

describe('credentials', () => {
  test('go where their schemes say, and are no arguments', async () => {
    const { load } = await serve();
    const { api, send } = await load({
      credentials: { query: 'k&1', cookie: 'c', basic: 'ann:pw', header: 'h', oauth: 't' },
      query: { token: 'fixed' },
    });
    for (const { input_schema: schema } of api.tools)
      expect(Object.keys(Object(schema['properties']))).toEqual(['q', 'lang']);
    const all = await send('all', { q: 'x', lang: 'de' });
    expect(all.url).toBe('/all?q=x&token=fixed&api_key=k%261');
    expect(all.headers).toMatchObject({ cookie: 'lang=de; sid=c' });
    expect(all.headers).not.toHaveProperty('authorization');
    expect((await send('key')).headers).toMatchObject({ 'x-key': 'h' });
    expect((await send('token')).headers).toMatchObject({ authorization: 'Bearer t' });
    expect(api.defects).toEqual([]);
  });

  test('are sent only by operations that want them, and again after a redirect', async () => {
    const { load } = await serve();
    const { send } = await load({ credentials: { query: 'k', basic: 'ann:pw' }, query: { token: 'fixed' } });
    const { url, headers, result } = await send('open');
    expect(url).toBe('/moved?q=1&token=fixed');
    expect(headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(result)).not.toContain('fixed');
    expect((await send('all')).headers).toMatchObject({
      authorization: `Basic ${Buffer.from('ann:pw').toString('base64')}`,
    });
  });

  test('that are missing are named, with what to set', async () => {
    const { load } = await serve(401);
    const { api, send } = await load({ credentials: { typo: 'x', header: '' }, headers: { 'x-key': 'set' } });
    expect(api.defects).toEqual([
      { kind: 'credential', action: 'missing', name: 'tls', reason: expect.stringMatching(/cannot be sent/) },
      {
        kind: 'credential',
        action: 'missing',
        name: 'bearer',
        reason:
          'it is bearer in the header "authorization"; set "credentials": {"bearer": "${YOUR_TOKEN}"} in mesh.json',
      },
      {
        kind: 'credential',
        action: 'missing',
        name: 'typo',
        reason: expect.stringMatching(/no security scheme.*query, header/),
      },
    ]);
    const { result } = await send('token');
    expect(result).toMatchObject({
      is_error: true,
      content: [{}, { text: expect.stringMatching(/no credential for bearer/) }],
    });
  });

  test('for all that is defined, where a document demands nothing', async () => {
    const { security: _none, ...open } = DOCUMENT;
    const { load } = await serve(200, open);
    const { send } = await load({ credentials: { bearer: 'Token own' } });
    expect((await send('all')).headers).toMatchObject({ authorization: 'Token own' });
  });

  test('do not follow a document to another host', async () => {
    const { load } = await serve(200, { ...DOCUMENT, servers: [{ url: 'http://127.0.0.1:9' }] });
    for (const keys of [{ query: { key: 'k' } }, { credentials: { query: 'k' } }])
      await expect(load(keys)).rejects.toMatchObject({ message: expect.stringMatching(/names another server/) });
  });

  test('stand in mesh.json', async () => {
    const { url } = await serve();
    const hub = await startHub({
      api: { openapi: `${url}/doc`, credentials: { query: 'k', cookie: 'c' }, query: { token: 't' } },
    });
    await until(() => areAllUp(hub));
    expect(await call(hub, 'all')).toMatchObject({ status: 200 });
    const { defects } = (await request(`${hub.url}/stats`)).body.upstreams.api;
    expect(defects).toMatchObject([{ kind: 'credential', name: 'bearer', action: 'missing' }]);
  });
});
