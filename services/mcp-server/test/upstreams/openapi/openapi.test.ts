import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { defineTool, quietContext } from '@toolmesh/shared/kit/tools/tool';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { baseUrlOf } from '../../../src/upstreams/openapi/document/base-url.ts';
import { openDocument } from '../../../src/upstreams/openapi/document/document.ts';
import { loadOpenApi, type OpenApiOptions, type OpenApiTools } from '../../../src/upstreams/openapi/openapi.ts';

const PETSTORE = new URL('petstore.yaml', import.meta.url);
const forever = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A request that the service received. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A service that tells what it was asked, or answers as `answer` says; its document is at /api/openapi. */
async function serve(
  document: string,
  answer: (res: ServerResponse, seen: Seen) => void = (res, { url }) => {
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ url }));
  },
) {
  const seen: Seen[] = [];
  const service = await serveRaw((req, res) => {
    const { method, url, headers } = req;
    if (url === '/api/openapi') return void res.end(document);
    void text(req).then((body) => {
      const asked = { method, url, headers, body };
      seen.push(asked);
      return answer(res, asked);
    });
  });
  stops.push(() => service.stop());
  return { ...service, seen, document: new URL(`${service.url}/api/openapi`) };
}

async function load(options: Partial<OpenApiOptions> & Pick<OpenApiOptions, 'document'>): Promise<OpenApiTools> {
  const loaded = await loadOpenApi({ name: 'The service pets', signal: forever, ...options });
  stops.push(() => loaded.close());
  return loaded;
}

async function petstore(answer?: Parameters<typeof serve>[1]) {
  const service = await serve(readFileSync(PETSTORE, 'utf8'), answer);
  const api = await load({ document: service.document, headers: { 'X-Key': 'configured', empty: '' } });
  const call = (tool: string, args: object = {}) => api.call(tool, args, quietContext(forever));
  return { api, call, ...service };
}

/** A document of 3.1 with one operation. */
const documentOf = (operation: object, more: object = {}, path = '/x', method = 'get') =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    paths: { [path]: { [method]: operation } },
    ...more,
  });

const toolOf = ({ tools }: OpenApiTools, name: string) => tools.find((tool) => tool.name === name);

describe('an OpenAPI document becomes tools', () => {
  test('one per operation, named after it, with what HTTP promises of its method', async () => {
    const { api } = await petstore();
    expect(api.tools.map(({ name, annotations }) => [name, annotations])).toEqual([
      ['getFile', { readOnlyHint: true, idempotentHint: true, openWorldHint: true }],
      ['login', { readOnlyHint: false, idempotentHint: false, openWorldHint: true }],
      ['patchAny', { readOnlyHint: false, idempotentHint: false, openWorldHint: true }],
      ['listPets', { readOnlyHint: true, idempotentHint: true, openWorldHint: true }],
      ['add_pet', { readOnlyHint: false, idempotentHint: false, openWorldHint: true }],
      ['replacePet', { readOnlyHint: false, idempotentHint: true, openWorldHint: true }],
      ['delete_pets_id', { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true }],
      ['upload', { readOnlyHint: false, idempotentHint: false, openWorldHint: true }],
    ]);
    expect(toolOf(api, 'listPets')).toMatchObject({
      title: 'Lists pets',
      description: 'Lists pets\n\nAll that match, the nearest first.',
    });
    expect(toolOf(api, 'replacePet')?.description).toBe('Deprecated.');
    expect(toolOf(api, 'delete_pets_id')?.description).toBe('DELETE /pets/{id}');
    const leftOut = { kind: 'operation', action: 'left_out' };
    expect(api.defects).toEqual([
      { ...leftOut, name: 'GET /broken', reason: '"#/components/parameters/NoSuchThing" leads nowhere' },
      {
        ...leftOut,
        name: 'GET /elsewhere',
        reason: '"https://other.example/parameters.yaml#/X" leads out of the document',
      },
      { ...leftOut, name: 'OPTIONS /pets', reason: 'no tool is made of OPTIONS' },
    ]);
  });

  test('with the schemas of all that they take, as JSON Schema of today', async () => {
    const { api } = await petstore();
    const pet = {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', examples: ['Rex'] },
        secret: { type: 'string' },
        nickname: { type: ['string', 'null'] },
        kind: { type: ['string', 'null'], enum: ['cat', 'dog', null] },
        mother: { anyOf: [{ allOf: [{ $ref: '#/$defs/Pet' }] }, { type: 'null' }] },
        friends: { type: 'array', items: { $ref: '#/$defs/Pet' } },
      },
    };
    expect(toolOf(api, 'add_pet')?.input_schema).toEqual({
      ...pet,
      properties: { 'X-Trace': { type: 'string' }, ...pet.properties },
      additionalProperties: false,
      $defs: { Pet: pet },
    });
    expect(toolOf(api, 'listPets')?.input_schema).toMatchObject({
      properties: { limit: { type: 'integer', exclusiveMinimum: 0, maximum: 50, description: 'How many at most.' } },
    });
    // What is configured, and what belongs to the exchange, is not the caller's to give.
    expect(Object.keys(Object(toolOf(api, 'listPets')?.input_schema['properties']))).toEqual([
      'tags',
      'ids',
      'piped',
      'spaced',
      'filter',
      'range',
      'where',
      'limit',
      'X-Trace',
      'session',
    ]);
    // A name that is taken has its place before it.
    expect(toolOf(api, 'replacePet')?.input_schema).toMatchObject({
      required: ['id', 'name'],
      properties: { id: { type: 'integer' }, query_id: { type: 'string' } },
    });
    // A body that is all or nothing is one argument.
    expect(toolOf(api, 'patchAny')?.input_schema).toEqual({
      type: 'object',
      properties: { body: { type: 'object', required: ['op'], properties: { op: { type: 'string' } } } },
      additionalProperties: false,
    });
  });

  test('with the schema of what they give, where that is an object and is wished for', async () => {
    const { api, document } = await petstore();
    expect(toolOf(api, 'add_pet')).not.toHaveProperty('output_schema');
    const listing = await load({ document, outputSchemas: true });
    const schema = toolOf(listing, 'add_pet')?.output_schema;
    const pet = {
      type: 'object',
      required: ['id', 'name'],
      properties: { id: { type: 'integer' }, friends: { items: { $ref: '#/$defs/Pet' } } },
    };
    expect(schema).toMatchObject({ type: 'object', anyOf: [pet, {}], $defs: { Pet: { type: 'object' } } });
    expect(JSON.stringify(schema)).not.toContain('secret');
    expect(toolOf(listing, 'listPets')).not.toHaveProperty('output_schema');
  });

  test('whose names are 64 characters at most, each its own, and the same whatever the order of the document', async () => {
    const operation = { responses: { 200: { description: '' } } };
    const long = 'x'.repeat(80);
    const paths = {
      '/a': { get: { ...operation, operationId: `${long}1` }, post: { ...operation, operationId: 'same' } },
      '/b': { get: { ...operation, operationId: `${long}2` }, post: { ...operation, operationId: 'same' } },
      '/c/{id}/__proto__': { get: operation },
    };
    const load2 = async (entries: [string, object][]) => {
      const service = await serve(documentOf({}, { paths: Object.fromEntries(entries) }));
      return (await load({ document: service.document })).tools.map(
        ({ name, description }) => `${name} ${description}`,
      );
    };
    const names = await load2(Object.entries(paths));
    expect(await load2(Object.entries(paths).toReversed())).toEqual(names);
    expect(new Set(names).size).toBe(5);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64} /);
    expect(names[1]).toBe('same POST /a');
    expect(names[3]).toMatch(/^same_[0-9a-f]{8} POST \/b$/);
    expect(names[4]).toBe('get_c_id___proto GET /c/{id}/__proto__');
  });

  test('from a file too, if it names its server or one is given', async () => {
    const service = await serve('');
    await expect(load({ document: fileURLToPath(PETSTORE) })).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(/set "base_url" in mesh.json/),
    });
    const api = await load({ document: fileURLToPath(PETSTORE), baseUrl: `${service.url}/base/` });
    await api.call('delete_pets_id', { id: 'a' }, quietContext(forever));
    expect(service.seen[0]?.url).toBe('/base/pets/a');
  });

  test('our own tools among them: the kit documents what it serves', async () => {
    const add = defineTool({
      name: 'add',
      description: 'Adds.',
      input: z.object({ a: z.int(), b: z.int().default(1) }),
      output: z.object({ sum: z.int() }),
      run: ({ a, b }) => ({ sum: a + b }),
    });
    const service = await serveTools([add]);
    stops.push(() => service.stop(0));
    const api = await load({ document: new URL(`${service.url}/openapi.json`) });
    expect(api.defects).toEqual([]);
    expect(toolOf(api, 'add')).toMatchObject({
      description: expect.stringContaining('Adds.'),
      input_schema: { properties: { arguments: { properties: { a: { type: 'integer' } } } }, required: ['arguments'] },
    });
    expect(await api.call('add', { arguments: { a: 1 } }, quietContext(forever))).toMatchObject({
      tool: 'add',
      is_error: false,
      structured_content: { structured_content: { sum: 2 } },
    });
    await expect(api.call('add', { arguments: { a: 1, c: 3 } }, quietContext(forever))).rejects.toMatchObject({
      code: 'invalid_arguments',
      details: [{ path: 'arguments.c', message: 'is not known here' }],
    });
  });
});

describe('a call becomes a request', () => {
  test('with every argument where it belongs, in the style that the document names', async () => {
    const { call, seen } = await petstore();
    await call('listPets', {
      tags: ['a b', 'c&d'],
      ids: [1, 2],
      piped: ['x', 'y'],
      spaced: ['x', 'y'],
      filter: { kind: 'dog', owner: { name: 'Ann' } },
      range: { from: 1, to: 2 },
      where: { a: 1 },
      limit: 5,
      'X-Trace': 'on',
      session: 's=1; admin=1',
    });
    const [path, query = ''] = seen[0]?.url?.split('?') ?? [];
    expect(seen[0]?.method).toBe('GET');
    expect(path).toBe('/api/v1/pets');
    expect(query.split('&')).toEqual([
      'tags=a%20b',
      'tags=c%26d',
      'ids=1,2',
      'piped=x%7Cy',
      'spaced=x%20y',
      'filter%5Bkind%5D=dog',
      'filter%5Bowner%5D%5Bname%5D=Ann',
      'from=1',
      'to=2',
      'where=%7B%22a%22%3A1%7D',
      'limit=5',
    ]);
    expect(seen[0]?.headers).toMatchObject({
      'x-trace': 'on',
      'x-key': 'configured',
      cookie: 'session=s%3D1%3B%20admin%3D1',
      accept: 'application/json, */*;q=0.1',
    });
    expect(seen[0]?.headers).not.toHaveProperty('empty');
    expect(seen[0]?.body).toBe('');
  });

  test('with a body of JSON or as a form', async () => {
    const { call, seen } = await petstore();
    await call('replacePet', { id: 7, query_id: 'q', name: 'Rex', nickname: null });
    await call('login', { user: 'Ann & Bob', scopes: ['read', 'write'] });
    await call('patchAny', { body: { op: 'add' } });
    await call('patchAny');
    expect(seen.map(({ method, url, body, headers }) => [method, url, headers['content-type'], body])).toEqual([
      ['PUT', '/api/v1/pets/7?id=q', 'application/json', '{"name":"Rex","nickname":null}'],
      ['POST', '/api/v1/login', 'application/x-www-form-urlencoded', 'user=Ann%20%26%20Bob&scopes=read&scopes=write'],
      ['PATCH', '/api/v1/patches', 'application/merge-patch+json', '{"op":"add"}'],
      ['PATCH', '/api/v1/patches', undefined, ''],
    ]);
  });

  test('that no argument can lead elsewhere', async () => {
    const { call, seen } = await petstore();
    await call('getFile', { path: 'a/b?c#d%2e', matrix: ['x', 'y'], label: 'z' });
    expect(seen[0]?.url).toBe('/api/v1/files/a%2Fb%3Fc%23d%252e/;matrix=x;matrix=y.z');
    for (const path of ['..', '.', '../admin', 'a/../../admin', 'a\\..\\b', '']) {
      await expect(call('getFile', { path, matrix: ['x'], label: 'z' })).rejects.toMatchObject({
        code: 'invalid_arguments',
        details: [{ path: 'path' }],
      });
    }
    await expect(call('listPets', { 'X-Trace': 'a\r\nX-Admin: 1' })).rejects.toMatchObject({
      code: 'invalid_arguments',
      message: expect.stringMatching(/X-Trace: must be of printable ASCII/),
    });
    await expect(call('listPets', { 'X-Key': 'mine' })).rejects.toMatchObject({ code: 'invalid_arguments' });
    expect(seen).toHaveLength(1);
  });

  test('only if the arguments fit, and every problem is told', async () => {
    const { call, seen } = await petstore();
    await expect(call('listPets', { limit: 0, tags: 'a', colour: 'red' })).rejects.toMatchObject({
      code: 'invalid_arguments',
      details: expect.arrayContaining([
        { path: 'limit', message: 'must be > 0' },
        { path: 'tags', message: 'must be array' },
        { path: 'colour', message: 'is not known here' },
      ]),
    });
    await expect(call('add_pet', { kind: 'cow', friends: [{}] })).rejects.toMatchObject({
      details: expect.arrayContaining([
        { path: 'name', message: 'is needed' },
        { path: 'friends.0.name', message: 'is needed' },
        { path: 'kind', message: 'must be equal to one of the allowed values: "cat", "dog", null' },
      ]),
    });
    await expect(call('listPetz')).rejects.toMatchObject({
      code: 'tool_not_found',
      details: { did_you_mean: expect.arrayContaining(['listPets']) },
    });
    expect(seen).toEqual([]);
  });
});

describe('an answer becomes a result', () => {
  const answers: [string, string, string | Buffer, object][] = [
    [
      'an object',
      'application/json; charset=utf-8',
      '{"a":1}',
      { content: [{ type: 'text', text: '{"a":1}' }], structured_content: { a: 1 } },
    ],
    ['a list', 'application/problem+json', '[1,2]', { structured_content: { result: [1, 2] } }],
    ['text', 'text/plain; charset=iso-8859-1', Buffer.from([0x68, 0xe9]), { content: [{ type: 'text', text: 'hé' }] }],
    [
      'an image',
      'image/png',
      Buffer.from([1, 2]),
      { content: [{ type: 'image', data: 'AQI=', mimeType: 'image/png' }] },
    ],
    [
      'another type',
      'application/pdf',
      Buffer.alloc(12),
      {
        content: [
          { type: 'text', text: '12 bytes of application/pdf' },
          {
            type: 'resource',
            resource: {
              uri: expect.stringMatching(/^http:.*\/api\/v1\/pets$/),
              mimeType: 'application/pdf',
              blob: 'AAAAAAAAAAAAAAAA',
            },
          },
        ],
      },
    ],
    ['untyped JSON', '', '{"a":null}', { structured_content: { a: null }, content: [{ text: '{"a":null}' }] }],
    ['a type that is none', 'json', '[1]', { structured_content: { result: [1] } }],
    ['untyped text', '', 'Grüße', { content: [{ type: 'text', text: 'Grüße' }] }],
    [
      'untyped bytes',
      '',
      Buffer.from([0, 1, 255]),
      { content: [{ type: 'text' }, { resource: { mimeType: 'application/octet-stream', blob: 'AAH/' } }] },
    ],
    [
      'text without a charset that is not UTF-8',
      'text/plain',
      Buffer.from([0x68, 0xe9]),
      { content: [{ text: 'hé' }] },
    ],
    [
      'JSON in UTF-16',
      'application/vnd.own+json',
      Buffer.from('\ufeff{"a":"é"}', 'utf16le'),
      { structured_content: { a: 'é' } },
    ],
    ['text/json', 'text/json', '{"a":1}', { structured_content: { a: 1 } }],
    ['XML', 'application/atom+xml', '<a/>', { content: [{ type: 'text', text: '<a/>' }] }],
    ['nothing', '', '', { content: [{ type: 'text', text: 'HTTP 200 OK' }] }],
    [
      'broken JSON',
      'application/json',
      '{"a":',
      { is_error: true, content: [{ text: expect.stringMatching(/no valid JSON/) }] },
    ],
  ];
  test.each(answers)('%s', async (_name, type, body, expected) => {
    const { call } = await petstore((res) => {
      if (type !== '') res.setHeader('content-type', type);
      res.end(body);
    });
    expect(await call('listPets')).toMatchObject({ tool: 'listPets', is_error: false, ...expected });
  });

  const encodings: [string, (bytes: Buffer) => Buffer][] = [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['Deflate', deflateRawSync],
    ['zstd', zstdCompressSync],
    ['gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))],
    ['gzip', (bytes) => bytes],
  ];
  test.each(encodings)('in %s, which nobody asked for', async (encoding, encode) => {
    const { call } = await petstore((res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      res.end(encode(Buffer.from('{"a":1}')));
    });
    expect(await call('listPets')).toMatchObject({ structured_content: { a: 1 } });
  });

  test('a file has its name, and its address without what may be secret', async () => {
    const { call } = await petstore((res) => {
      const headers = { 'content-type': 'application/zip', 'content-disposition': 'attachment; filename="../a b.zip"' };
      res.writeHead(200, headers).end(Buffer.from([80, 75]));
    });
    const result = await call('listPets', { limit: 5 });
    expect(result.content[0]).toEqual({ type: 'text', text: '2 bytes of application/zip, a b.zip' });
    expect(JSON.stringify(result)).not.toContain('limit');
  });

  test('what a service breaks of its document breaks no client', async () => {
    const { document } = await petstore((res, { method }) => {
      if (method === 'POST') return void res.setHeader('content-type', 'application/json').end('{"id":null}');
      res.writeHead(204).end();
    });
    const api = await load({ document, outputSchemas: true });
    const ajv = new Ajv2020({ strict: false });
    const broken = await api.call('add_pet', { name: 'Rex' }, quietContext(forever));
    expect(ajv.validate(toolOf(api, 'add_pet')?.output_schema ?? false, broken.structured_content)).toBe(true);
    expect(await api.call('delete_pets_id', { id: 'a' }, quietContext(forever))).toMatchObject({
      is_error: false,
      content: [{ text: 'HTTP 204 No Content' }],
    });
  });

  test('a refusal is an error with its status and the beginning of its words', async () => {
    const { call } = await petstore((res) => {
      res.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' }).end(`"${'x'.repeat(9_000)}"`);
    });
    const result = await call('listPets');
    expect(result).toMatchObject({
      is_error: true,
      content: [{ text: expect.stringMatching(/^HTTP 429 Too Many Requests\nRetry-After: 7\n"xxx/) }],
    });
    expect(JSON.stringify(result).length).toBeLessThan(5_000);
  });

  test('a service that does not answer, drops the line, or sends too much, is told as such', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const service = await serve(readFileSync(PETSTORE, 'utf8'), (res, { url }) => {
      if (url?.endsWith('/a') === true) return void res.destroy();
      if (url?.endsWith('/b') === true) return void res.end(Buffer.alloc(2_000_000));
      if (url?.endsWith('/bomb') === true) return void res.setHeader('content-encoding', 'gzip').end(bomb);
      // Anything else is not answered.
    });
    const timeouts = { idleMs: 1_000, totalMs: 5_000 };
    const api = await load({ document: service.document, timeoutsFor: () => timeouts, maxResponseBytes: 1_000_000 });
    const remove = (id: string, signal = forever) => api.call('delete_pets_id', { id }, quietContext(signal));
    await expect(remove('a')).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(/dropped the connection/),
    });
    await expect(remove('b')).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(/more than 1000000 bytes/),
    });
    await expect(remove('bomb')).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(/more than 1000000 bytes/),
    });
    await expect(remove('c')).rejects.toMatchObject({
      code: 'upstream_timeout',
      message: expect.stringMatching(/within 1000 ms/),
    });
    const controller = new AbortController();
    const left = remove('d', controller.signal);
    controller.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await service.stop();
    await expect(remove('e')).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(/cannot be reached/),
    });
  });

  test('redirects are followed on the same host, and to no other', async () => {
    const other = await serve('');
    const { call, seen, url } = await petstore((res, asked) => {
      if (asked.url === '/api/v1/pets' && asked.method === 'GET')
        return void res.writeHead(302, { location: '/moved' }).end();
      if (asked.url === '/moved') return void res.setHeader('content-type', 'application/json').end('{"moved":true}');
      if (asked.url?.includes('limit=1') === true)
        return void res.writeHead(301, { location: `${other.url}/steal` }).end();
      if (asked.url?.includes('limit=2') === true) return void res.writeHead(307, { location: asked.url }).end();
      if (asked.method === 'PATCH') return void res.writeHead(307, { location: '/moved' }).end();
      if (asked.method === 'PUT') return void res.writeHead(302, { location: '/moved' }).end();
      res.writeHead(303, { location: '/moved' }).end();
    });
    expect(await call('listPets')).toMatchObject({ structured_content: { moved: true } });
    expect(url).not.toBe(other.url);
    await expect(call('listPets', { limit: 1 })).rejects.toMatchObject({
      message: expect.stringContaining(`redirects to another host, ${new URL(other.url).host}, which is not followed`),
    });
    await expect(call('listPets', { limit: 2 })).rejects.toMatchObject({
      message: expect.stringMatching(/again and again/),
    });
    // 303 says where to read of what was written, 307 that nothing was written yet.
    expect(await call('add_pet', { name: 'Rex' })).toMatchObject({ structured_content: { moved: true } });
    await call('patchAny', { body: { op: 'x' } });
    expect(seen.at(-1)).toMatchObject({ method: 'PATCH', url: '/moved', body: '{"op":"x"}' });
    expect(await call('replacePet', { id: 1, name: 'Rex' })).toMatchObject({
      is_error: true,
      content: [{ text: 'HTTP 302 Found\nLocation: /moved' }],
    });
    expect(other.seen).toEqual([]);
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });
});

describe('a document that cannot be used is refused with what to correct', () => {
  const documents: [string, string, RegExp][] = [
    [
      'is Swagger 1',
      '{"swaggerVersion":"1.2","paths":{}}',
      /not OpenAPI 3.0, 3.1 or 3.2, or Swagger 2.0, but something/,
    ],
    ['is OpenAPI 4', '{"openapi":"4.0.0","paths":{}}', /Swagger 2.0, but 4.0.0/],
    ['is something else', '<html></html>', /is no object|not OpenAPI/],
    ['is neither JSON nor YAML', '{"openapi": ', /neither JSON nor YAML/],
    [
      'has no operations',
      '{"openapi":"3.1.0","paths":{}}',
      /has no operation that can be used; it has none, or none is selected/,
    ],
    ['has none that works', documentOf({ parameters: [1] }), /its problems: GET \/x: there is no object/],
    [
      'has circular references',
      documentOf({ parameters: [{ $ref: '#/a' }] }, { a: { $ref: '#/a' } }),
      /go in a circle/,
    ],
  ];
  test.each(documents)('one that %s', async (_name, document, message) => {
    const service = await serve(document);
    await expect(load({ document: service.document })).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(message),
    });
  });

  test('YAML that is made to explode, or that refers to itself', async () => {
    const bomb = [
      'a: &a [x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(9)}]`),
    ];
    for (const document of [`openapi: 3.1.0\n${bomb.join('\n')}\n`, 'openapi: 3.1.0\npaths: &p\n  /a: *p\n']) {
      const service = await serve(document);
      await expect(load({ document: service.document })).rejects.toMatchObject({
        message: expect.stringMatching(/neither JSON nor YAML/),
      });
    }
  });

  test('one that is not there', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'openapi-')), 'none.json');
    await expect(load({ document: file })).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be read; correct "openapi"/),
    });
    writeFileSync(file, '[]');
    await expect(load({ document: file })).rejects.toMatchObject({ message: expect.stringMatching(/is no object/) });
    const service = await serveRaw((_req, res) => void res.writeHead(404).end());
    stops.push(() => service.stop());
    await expect(load({ document: `${service.url}/openapi.json` })).rejects.toMatchObject({
      message: expect.stringMatching(/status 404/),
    });
  });
});

describe('what a document may contain', () => {
  test('a key is sent for it only where it is asked for', async () => {
    const asked: (string | undefined)[] = [];
    const service = await serveRaw((req, res) => {
      asked.push(req.headers.authorization);
      if (req.headers.authorization === undefined) return void res.writeHead(401).end();
      res.end(documentOf({ responses: {} }));
    });
    stops.push(() => service.stop());
    await load({ document: `${service.url}/openapi.json`, headers: { authorization: 'Bearer k' } });
    expect(asked).toEqual([undefined, 'Bearer k']);
  });

  test('a key is not sent for it where the service is another host, and the way out is told', async () => {
    const asked: (string | undefined)[] = [];
    const service = await serveRaw((req, res) => {
      asked.push(req.headers.authorization);
      res.writeHead(401).end();
    });
    stops.push(() => service.stop());
    const options = { headers: { authorization: 'Bearer k' }, baseUrl: 'https://api.example' };
    await expect(load({ document: `${service.url}/openapi.json`, ...options })).rejects.toMatchObject({
      message: expect.stringMatching(/status 401.*"headers" are for "base_url".*set "openapi" to its file/),
    });
    expect(asked).toEqual([undefined]);
  });

  const elsewhere = (url: string) => [{ url }];
  test.each([
    ['the document', (servers: unknown) => documentOf({ responses: {} }, { servers })],
    ['the operation', (servers: unknown) => documentOf({ responses: {}, servers })],
    [
      'the path',
      (servers: unknown) => documentOf({ responses: {} }, { paths: { '/x': { servers, get: { responses: {} } } } }),
    ],
    [
      'a template',
      (servers: unknown) =>
        documentOf(
          { responses: {} },
          {
            servers: [
              {
                url: 'http://{host}',
                variables: { host: { default: String(Object(Object(servers)[0]).url).slice(7) } },
              },
            ],
          },
        ),
    ],
  ])('the configured headers go to no other server that %s names', async (_name, documentWith) => {
    const other = await serve('');
    const service = await serve(documentWith(elsewhere(`${other.url}/internal`)));
    await expect(load({ document: service.document, headers: { authorization: 'Bearer k' } })).rejects.toMatchObject({
      message: expect.stringMatching(/names another server.*must not get the configured "headers".*set "base_url"/),
    });
    // Said aloud by the operator, and without headers, it is called.
    const api = await load({ document: service.document, headers: { 'x-key': 'k' }, baseUrl: other.url });
    await api.call('get_x', {}, quietContext(forever));
    await (await load({ document: service.document })).call('get_x', {}, quietContext(forever));
    expect(other.seen.map(({ headers }) => headers['x-key'])).toEqual(['k', undefined]);
  });

  test.each([
    'http://169.254.169.254/latest',
    'http://10.0.0.7',
    'http://[::1]:8001',
    'http://[::ffff:127.0.0.1]',
    'http://0x7f.1',
    'http://localhost:8001',
    'http://api.localhost',
    'http://sandbox:8001',
    'http://metadata.google.internal',
    'http://0/',
  ])('%s is called for no document from outside', (url) => {
    const document = openDocument('pets', { openapi: '3.1.0', servers: [{ url }] }, new URL('https://api.example/doc'));
    expect(() => baseUrlOf(document, undefined, false)).toThrow(/inside your network.*set "base_url"/);
  });

  test('a large one that was made to take hours ends with the time limit, and calls go on meanwhile', async () => {
    // A thousand paths, each of which has to read the same hundred thousand properties.
    const properties = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`p${i}`, {}]));
    const body = { content: { 'application/json': { schema: { $ref: '#/components/schemas/S' } } } };
    const paths = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`/p${i}`, { post: { requestBody: body, responses: {} } }]),
    );
    const service = await serve(
      JSON.stringify({ openapi: '3.1.0', paths, components: { schemas: { S: { type: 'object', properties } } } }),
    );
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 20);
    const loading = load({ document: service.document, loadTimeoutMs: 2_000 });
    await expect(loading).rejects.toMatchObject({ code: 'upstream_timeout' });
    clearInterval(ticking);
    // Blocked, there would have been a handful.
    expect(turns).toBeGreaterThan(20);
  });

  test('is read again only when it has changed', async () => {
    let document = documentOf({ responses: {} });
    const service = await serveRaw((_req, res) => void res.end(document));
    stops.push(() => service.stop());
    const first = await load({ document: service.url });
    expect(await load({ document: service.url, previous: first })).toBe(first);
    document = documentOf({ responses: {}, summary: 'New' });
    expect((await load({ document: service.url, previous: first })).tools).toMatchObject([{ title: 'New' }]);
  });

  test('schemas without an end, which stay small', async () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [
        `S${i}`,
        { type: 'object', properties: { next: { $ref: `#/components/schemas/S${(i + 1) % 500}` } } },
      ]),
    );
    const body = { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } } };
    const service = await serve(
      documentOf({ requestBody: body, responses: {} }, { components: { schemas } }, '/x', 'post'),
    );
    const api = await load({ document: service.document });
    expect(Object.keys(Object(api.tools[0]?.input_schema['$defs']))).toHaveLength(100);
    await api.call('post_x', { next: { next: {} } }, quietContext(forever));
    expect(service.seen[0]?.body).toBe('{"next":{"next":{}}}');
  });

  test('schemas so large that no model would read them, which are cut', async () => {
    const fields = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`field_${i}`, { type: 'string', description: 'Words.' }]),
      );
    const schemas: Record<string, object> = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `S${i}`,
        { type: 'object', properties: { ...fields(80), next: { $ref: `#/components/schemas/S${i + 1}` } } },
      ]),
    );
    schemas['S30'] = { type: 'object', properties: fields(2_000) };
    const ok = {
      200: { description: '', content: { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } } },
    };
    const body = { required: true, content: { '*/*': { schema: { $ref: '#/components/schemas/S0' } } } };
    const service = await serve(
      documentOf({ requestBody: body, responses: ok }, { components: { schemas } }, '/x', 'post'),
    );
    const api = await load({ document: service.document });
    const [tool] = api.tools;
    expect(tool?.input_schema).toMatchObject({
      properties: { field_0: { type: 'string' } },
      additionalProperties: false,
    });
    expect(JSON.stringify(tool).length).toBeLessThan(17_000);
    // Four levels of definitions are kept for the check of a call.
    await expect(api.call('post_x', { next: { next: { field_0: 7 } } }, quietContext(forever))).rejects.toMatchObject({
      details: [{ path: 'next.next.field_0' }],
    });
  });

  test('servers of its operations and names that mean something to JavaScript', async () => {
    const service = await serve(
      documentOf(
        {
          servers: [{ url: 'https://nowhere.example' }, { url: '/other' }],
          parameters: [{ name: '__proto__', in: 'query', schema: { type: 'string' } }],
          responses: {},
        },
        { servers: [{ url: '/ignored' }] },
      ),
    );
    const api = await load({ document: service.document, baseUrl: `${service.url}/given` });
    const args: unknown = JSON.parse('{"proto__":"x"}');
    expect(Object.keys(Object(api.tools[0]?.input_schema['properties']))).toEqual(['proto']);
    await expect(api.call('get_x', args, quietContext(forever))).rejects.toMatchObject({ code: 'invalid_arguments' });
    await api.call('get_x', { proto: 'x' }, quietContext(forever));
    expect(service.seen[0]?.url).toBe('/given/x?__proto__=x');
  });
});
