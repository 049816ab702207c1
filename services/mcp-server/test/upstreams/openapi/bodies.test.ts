import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { loadOpenApi } from '../../../src/upstreams/openapi/openapi.ts';

const forever = new AbortController().signal;

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A service with one operation, `send`, whose body is `content`. */
async function serve(content: object, { required = true, ...more }: { required?: boolean; components?: object } = {}) {
  const seen: Seen[] = [];
  const send = { operationId: 'send', requestBody: { required, content }, responses: {} };
  const service = endWithTest(
    await serveRaw((req, res) => {
      if (req.url === '/doc')
        return void res.end(JSON.stringify({ openapi: '3.1.0', paths: { '/x': { post: send } }, ...more }));
      void buffer(req).then((body) => {
        seen.push({ headers: req.headers, body });
        res.setHeader('content-type', 'application/json').end('{}');
      });
    }),
  );
  const api = await loadOpenApi({ name: 'The service', document: `${service.url}/doc`, signal: forever });
  endWithTest({ stop: () => api.close() });
  return {
    schema: Object(api.tools[0]?.input_schema),
    defects: api.defects,
    async send(args: object): Promise<Seen> {
      await api.call('send', args, quietContext(forever));
      const last = seen.at(-1);
      if (last === undefined) throw new Error('nothing came');
      return last;
    },
  };
}

/** The parts of a multipart body as a server reads them. */
async function partsOf({ headers, body }: Seen): Promise<[string, unknown][]> {
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': headers['content-type'] ?? '' },
  }).formData();
  return Promise.all(
    [...form].map(async ([name, value]): Promise<[string, unknown]> =>
      typeof value === 'string' ? [name, value] : [name, [value.name, value.type, await value.text()]],
    ),
  );
}

describe('multipart/form-data', () => {
  const upload = {
    'multipart/form-data': {
      schema: { $ref: '#/components/schemas/Upload' },
      encoding: { picture: { contentType: 'image/png, image/jpeg' }, meta: { contentType: 'application/json' } },
    },
  };
  const components = {
    schemas: {
      Bytes: { type: 'string', format: 'binary' },
      Upload: {
        type: 'object',
        required: ['file'],
        properties: {
          file: { $ref: '#/components/schemas/Bytes' },
          files: { type: 'array', items: { type: 'string', contentMediaType: 'application/octet-stream' } },
          perhaps: { anyOf: [{ type: 'string', format: 'binary' }, { type: 'null' }] },
          picture: { type: 'string', description: 'A face.' },
          meta: { type: 'array', items: { type: 'integer' } },
          purpose: { type: 'string' },
          tags: { type: 'array', items: { type: 'string' } },
          owner: { type: 'object', properties: { id: { type: 'integer' } } },
          count: { type: 'integer' },
        },
      },
    },
  };

  test('has files as text, as data: URLs and in base64, alone and in lists', async () => {
    const { send, schema, defects } = await serve(upload, { components });
    expect(defects).toEqual([]);
    expect(schema.properties.picture.description).toMatch(/^A face.\nA file: its text, a data: URL, or an object/);
    const seen = await send({
      file: 'Grüße',
      files: [
        { data: Buffer.from([65, 66]).toString('base64'), filename: 'a"b\r\n.bin' },
        { text: '# x', filename: 'x.md', media_type: 'text/markdown' },
        'data:text/csv;base64,YSxi',
        'data:,a%20b',
      ],
      perhaps: { data: 'data:image/gif;base64,R0lG', filename: 'p.gif' },
      picture: { data: 'iVBO' },
      meta: [1, 2],
      purpose: 'assistants',
      tags: ['a', 'b'],
      owner: { id: 7 },
      count: 3,
    });
    expect(seen.headers['content-length']).toBe(String(seen.body.length));
    expect(await partsOf(seen)).toEqual([
      ['file', ['file.txt', 'text/plain; charset=utf-8', 'Grüße']],
      ['files', ['a"b\r\n.bin', 'application/octet-stream', 'AB']],
      ['files', ['x.md', 'text/markdown', '# x']],
      ['files', ['file', 'text/csv', 'a,b']],
      ['files', ['file.txt', 'text/plain; charset=utf-8', 'a b']],
      ['perhaps', ['p.gif', 'image/gif', 'GIF']],
      ['picture', ['file', 'image/png', expect.any(String)]],
      ['meta', '[1,2]'],
      ['purpose', 'assistants'],
      ['tags', 'a'],
      ['tags', 'b'],
      ['owner', '{"id":7}'],
      ['count', '3'],
    ]);
  });

  test.each([
    [{ file: { data: 'no base64!' } }, 'file.data'],
    [{ file: { filename: 'a' } }, 'file'],
    [{ file: { text: 'a', media_type: 'text/plain\r\nx-own: 1' } }, 'file.media_type'],
    [{ file: 7 }, 'file'],
    [{ purpose: 'x' }, 'file'],
  ])('refuses %j by name', async (args, path) => {
    const { send } = await serve(upload, { components });
    await expect(send(args)).rejects.toMatchObject({
      code: 'invalid_arguments',
      details: expect.arrayContaining([{ path, message: expect.any(String) }]),
    });
  });

  test('is one argument where its schema says more than properties', async () => {
    const schema = { allOf: [{ $ref: '#/components/schemas/Upload' }, { type: 'object', additionalProperties: true }] };
    const { send } = await serve({ 'multipart/form-data': { schema } }, { components });
    expect(await partsOf(await send({ body: { file: 'a', other: 'b' } }))).toEqual([
      ['file', ['file.txt', 'text/plain; charset=utf-8', 'a']],
      ['other', 'b'],
    ]);
  });

  test('has no part of its own for what is given', async () => {
    const { send } = await serve(upload, { components });
    const seen = await send({ file: '\r\n--toolmesh\r\ncontent-disposition: form-data; name="admin"\r\n\r\n1' });
    expect((await partsOf(seen)).map(([name]) => name)).toEqual(['file']);
  });
});

describe('a form', () => {
  test('is written as its encoding says', async () => {
    const object = { type: 'object', additionalProperties: true };
    const { send } = await serve({
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          properties: {
            metadata: object,
            items: { type: 'array', items: object },
            ids: { type: 'array' },
            plain: object,
            json: {},
          },
        },
        encoding: {
          metadata: { style: 'deepObject', explode: true },
          items: { style: 'deepObject', explode: true },
          ids: { style: 'form', explode: false },
          json: { contentType: 'application/json' },
        },
      },
    });
    const { body } = await send({
      metadata: { order_id: '6735', deep: { a: [true, null] } },
      items: [{ price: 'p1' }, { price: 'p2', tax_rates: ['t'] }],
      ids: [1, 2],
      plain: { a: 1 },
      json: 'x',
    });
    expect(decodeURIComponent(body.toString()).split('&')).toEqual([
      'metadata[order_id]=6735',
      'metadata[deep][a][0]=true',
      'items[0][price]=p1',
      'items[1][price]=p2',
      'items[1][tax_rates][0]=t',
      'ids=1,2',
      'plain={"a":1}',
      'json="x"',
    ]);
  });
});

describe('other bodies', () => {
  const XML = '<?xml version="1.0"?><a>ü</a>';
  test.each<[string, object, unknown, string, string | Buffer]>([
    ['text', { 'text/plain': { schema: { type: 'string' } } }, 'plain', 'text/plain', 'plain'],
    ['XML', { 'application/xml': { schema: { type: 'object', properties: {} } } }, XML, 'application/xml', XML],
    ['lines of JSON', { 'application/x-ndjson': {} }, '{}\n{}\n', 'application/x-ndjson', '{}\n{}\n'],
    [
      'octets',
      { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
      { data: 'AP8=' },
      'application/octet-stream',
      Buffer.from([0, 255]),
    ],
    ['a picture', { 'image/*': {} }, { data: 'AP8=', media_type: 'image/png' }, 'image/png', Buffer.from([0, 255])],
    ['a zip', { 'application/zip': {} }, 'data:;base64,AP8=', 'application/zip', Buffer.from([0, 255])],
    [
      'JSON of a vendor',
      { 'application/vnd.own.v2+json; charset=utf-8': {} },
      [1],
      'application/vnd.own.v2+json; charset=utf-8',
      '[1]',
    ],
  ])('%s', async (_name, content, body, type, sent) => {
    const { send } = await serve(content);
    const seen = await send({ body });
    expect(seen.headers['content-type']).toBe(type);
    expect(seen.body).toEqual(Buffer.from(sent));
  });

  test('of several types, JSON is chosen, and of patches the one that looks like the object', async () => {
    const schema = { type: 'object', properties: { a: {} } };
    const types = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { schema }]));
    const typeOf = async (...names: string[]) =>
      (await (await serve(types(...names))).send({ a: 1 })).headers['content-type'];
    expect(await typeOf('text/xml', 'multipart/form-data', 'application/json')).toBe('application/json');
    expect(await typeOf('application/json-patch+json', 'application/merge-patch+json')).toBe(
      'application/merge-patch+json',
    );
    expect(await typeOf('multipart/form-data', 'application/x-www-form-urlencoded')).toBe(
      'application/x-www-form-urlencoded',
    );
  });

  test('one that is optional may be missing', async () => {
    for (const type of ['multipart/form-data', 'text/plain', 'application/octet-stream']) {
      const { send } = await serve({ [type]: { schema: { type: 'object', properties: {} } } }, { required: false });
      const { body, headers } = await send({});
      expect([body.length, headers['content-type']]).toEqual([0, undefined]);
    }
  });
});
