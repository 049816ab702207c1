import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { areAllUp, call, startHub, listedBy } from '../../mesh-of-tests.ts';

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Notes', version: '1' },
  paths: {
    '/notes/{id}': {
      get: {
        operationId: 'getNote',
        summary: 'Reads a note',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
          { name: 'full', in: 'query', schema: { type: 'boolean' } },
        ],
        responses: {
          200: { description: 'The note', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  },
};

describe('a REST service behind the hub', () => {
  test('has its operations as tools, found while the hub runs', async () => {
    let isThere = false;
    const asked: string[] = [];
    const notes = endWithTest(
      await serveRaw((req, res) => {
        res.setHeader('content-type', 'application/json');
        if (!isThere) return void res.writeHead(503).end('{}');
        if (req.url === '/openapi.json') return void res.end(JSON.stringify(DOCUMENT));
        asked.push(`${req.method} ${req.url}`);
        res.end(JSON.stringify({ id: 7, text: 'a note' }));
      }),
    );
    const hub = await startHub({ notes: { openapi: `${notes.url}/openapi.json`, prefix: 'n_' } });
    expect((await request(`${hub.url}/stats`)).body.upstreams.notes).toMatchObject({ kind: 'openapi', status: 'down' });
    isThere = true;
    await until(() => areAllUp(hub));
    expect(await listedBy(hub)).toMatchObject([
      { name: 'n_getNote', server: 'notes', status: 'up', annotations: { readOnlyHint: true } },
    ]);
    expect((await call(hub, 'n_getNote', { id: 7, full: true })).body).toMatchObject({
      tool: 'n_getNote',
      is_error: false,
      structured_content: { id: 7, text: 'a note' },
    });
    expect(asked).toEqual(['GET /notes/7?full=true']);
    expect(await call(hub, 'n_getNote', { id: 'seven' })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', details: [{ path: 'id' }] } },
    });
  });

  test('keeps no other caller waiting, whatever the patterns of its document and the arguments of a call', async () => {
    const lookup = {
      operationId: 'lookup',
      parameters: [{ name: 'id', in: 'query', schema: { type: 'string', pattern: '^([a-z]+)+$' } }],
      responses: {},
    };
    const pay = endWithTest(
      await serveRaw((req, res) => {
        const document = { openapi: '3.1.0', paths: { '/pay': { get: lookup } } };
        res
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify(req.url === '/openapi.json' ? document : {}));
      }),
    );
    const hub = await startHub({ pay: { openapi: `${pay.url}/openapi.json` } });
    await until(async () => (await listedBy(hub)).length === 1);
    expect((await call(hub, 'lookup', { id: 'ABC' })).status).toBe(422);
    // 2^60 steps; the service itself decides about what could not be checked in time.
    expect((await call(hub, 'lookup', { id: `${'a'.repeat(60)}!` })).status).toBe(200);
    expect((await call(hub, 'lookup', { id: 7 })).status).toBe(422);
  });
});
