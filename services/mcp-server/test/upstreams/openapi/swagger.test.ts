import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { loadOpenApi, type OpenApiOptions } from '../../../src/upstreams/openapi/openapi.ts';

const forever = new AbortController().signal;

const DOCUMENT = `
swagger: 2.0
basePath: /v1
schemes: [http, https]
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  user: { type: basic }
  key: { type: apiKey, in: query, name: api_key }
security: [{ user: [], key: [] }]
parameters:
  limit: { name: limit, in: query, type: integer, minimum: 1, maximum: 9 }
  pet: { name: pet, in: body, required: true, schema: { $ref: '#/definitions/Pet' } }
responses:
  Pet: { description: A pet, schema: { $ref: '#/definitions/Pet' } }
definitions:
  Pet:
    type: object
    required: [id, name]
    properties:
      id: { type: integer, readOnly: true }
      name: { type: string }
      nick: { type: string, x-nullable: true }
      mother: { $ref: '#/definitions/Pet' }
paths:
  /pets/{id}:
    parameters:
      - { name: id, in: path, required: true, type: string }
      - { name: X-Tags, in: header, type: array, items: { type: string } }
    get:
      operationId: getPet
      parameters:
        - $ref: '#/parameters/limit'
        - { name: csv, in: query, type: array, items: { type: integer } }
        - { name: multi, in: query, type: array, collectionFormat: multi, items: { type: string } }
        - { name: pipes, in: query, type: array, collectionFormat: pipes, items: { type: string } }
        - { name: tsv, in: query, type: array, collectionFormat: tsv, items: { type: string } }
      responses: { 200: { $ref: '#/responses/Pet' } }
    put:
      operationId: putPet
      parameters: [{ $ref: '#/parameters/pet' }]
      responses: { 200: { description: ok } }
    post:
      operationId: formPet
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - { name: name, in: formData, type: string, required: true }
        - { name: tags, in: formData, type: array, collectionFormat: multi, items: { type: string } }
        - { name: ids, in: formData, type: array, items: { type: integer } }
      responses: {}
  /upload:
    post:
      operationId: upload
      parameters:
        - { name: file, in: formData, type: file, required: true, description: The picture. }
        - { name: note, in: formData, type: string }
      responses: {}
    put:
      operationId: archive
      consumes: [application/x-tar]
      parameters: [{ name: tar, in: body, schema: { type: string, format: binary } }]
      responses: {}
  /broken:
    get: { operationId: broken, parameters: [{ $ref: '#/parameters/none' }], responses: {} }
  /other: { $ref: '#/paths/~1upload' }
`;

async function serve(options: Partial<OpenApiOptions> = {}, document = DOCUMENT) {
  const seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const service = endWithTest(
    await serveRaw((req, res) => {
      if (req.url === '/swagger') return void res.end(document);
      void text(req).then((body) => {
        seen.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body });
        res.setHeader('content-type', 'application/json').end('{}');
      });
    }),
  );
  const api = await loadOpenApi({
    name: 'The service',
    document: `${service.url}/swagger`,
    signal: forever,
    ...options,
  });
  endWithTest({ stop: () => api.close() });
  const send = async (tool: string, args: object) => {
    await api.call(tool, args, quietContext(forever));
    return seen.at(-1);
  };
  return { api, send, service };
}

describe('Swagger 2.0', () => {
  test('becomes tools with the schemas of OpenAPI', async () => {
    const { api } = await serve({ outputSchemas: true });
    expect(api.tools.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^archive/),
      expect.stringMatching(/^upload/),
      'getPet',
      'putPet',
      'formPet',
      expect.stringMatching(/^archive/),
      expect.stringMatching(/^upload/),
    ]);
    const put = api.tools.find(({ name }) => name === 'putPet');
    expect(put?.input_schema).toMatchObject({
      required: ['id', 'name'],
      properties: { name: { type: 'string' }, nick: { type: ['string', 'null'] }, mother: { $ref: '#/$defs/Pet' } },
    });
    expect(api.tools.find(({ name }) => name === 'getPet')).toMatchObject({
      input_schema: { properties: { limit: { type: 'integer', minimum: 1, maximum: 9 } } },
      output_schema: { anyOf: [{ required: ['id', 'name'] }, {}] },
    });
    expect(api.defects.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'operation GET /broken',
      'credential user',
      'credential key',
    ]);
  });

  test('is called as it says', async () => {
    const { send } = await serve({ credentials: { user: 'ann:pw', key: 'k' } });
    const lists = { csv: [1, 2], multi: ['a', 'b'], pipes: ['a', 'b'], tsv: ['a', 'b'], 'X-Tags': ['x', 'y'] };
    const read = await send('getPet', { id: '7', limit: 3, ...lists });
    expect(read?.url).toBe('/v1/pets/7?limit=3&csv=1,2&multi=a&multi=b&pipes=a%7Cb&tsv=a%09b&api_key=k');
    expect(read?.headers).toMatchObject({ 'x-tags': 'x,y', authorization: 'Basic YW5uOnB3' });
    expect((await send('putPet', { id: '7', name: 'Rex' }))?.body).toBe('{"name":"Rex"}');
    expect((await send('formPet', { id: '7', name: 'R x', tags: ['a', 'b'], ids: [1, 2] }))?.body).toBe(
      'name=R%20x&tags=a&tags=b&ids=1,2',
    );
    const upload = await send('upload', { file: { data: 'aGk=', filename: 'a.png' }, note: 'n' });
    expect(upload?.headers['content-type']).toMatch(/^multipart\/form-data/);
    expect(upload?.body).toMatch(/name="file"; filename="a.png"\r\n[^]*hi[^]*name="note"/);
    const archive = await send('archive', { body: 'tar' });
    expect([archive?.headers['content-type'], archive?.body]).toEqual(['application/x-tar', 'tar']);
  });

  test('names its server with its host', async () => {
    const other = { swagger: '2.0', host: 'api.example', basePath: 'v1', paths: { '/x': { get: {} } } };
    await expect(serve({ headers: { 'x-key': 'k' } }, JSON.stringify(other))).rejects.toMatchObject({
      message: expect.stringMatching(/names another server, http:\/\/api.example, which must not get/),
    });
    const { send } = await serve({}, JSON.stringify({ ...other, host: undefined }));
    expect((await send('get_x', {}))?.url).toBe('/v1/x');
  });
});
