import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { loadOpenApi, type OpenApiOptions, type OpenApiTools } from '../../../src/upstreams/openapi/openapi.ts';
import { call, startHub } from '../../mesh-of-tests.ts';

const forever = new AbortController().signal;

async function load(document: object, options: Partial<OpenApiOptions> = {}) {
  const text = JSON.stringify(document);
  const service = endWithTest(
    await serveRaw((req, res) => {
      res.setHeader('content-type', 'application/json').end(req.url === '/doc' ? text : '{}');
    }),
  );
  const api = await loadOpenApi({ name: 'The service', document: `${service.url}/doc`, signal: forever, ...options });
  endWithTest({ stop: () => api.close() });
  return { api, service, text };
}

/** Pods of a schema as wide and as deep as those of Kubernetes, which refers to itself. */
const words = 'Words that say at length what this field is for. '.repeat(6);
const leaf = (i: number) => ({ type: 'string', description: `${i} ${words}`, examples: ['x'.repeat(100)] });
const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`field_${i}`, leaf(i)]));
const POD = {
  type: 'object',
  description: words,
  required: ['kind'],
  properties: {
    kind: { type: 'string', enum: ['Pod'] },
    color: { type: 'string', enum: Array.from({ length: 300 }, (_, i) => `color_${i}`) },
    spec: { $ref: '#/components/schemas/Spec' },
    either: {
      oneOf: [{ $ref: '#/components/schemas/Spec' }, { type: 'object', properties: fields(3), required: ['field_0'] }],
    },
    ...fields(10),
  },
};
const SPEC = {
  type: 'object',
  required: ['image'],
  properties: {
    image: { type: 'string' },
    containers: { type: 'array', items: { $ref: '#/components/schemas/Spec' } },
    parent: { $ref: '#/components/schemas/Pod' },
    ...fields(20),
  },
};
const body = { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Pod' } } } };
const big = (count: number) => ({
  openapi: '3.1.0',
  components: { schemas: { Pod: POD, Spec: SPEC } },
  paths: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `/p${i}`,
      {
        post: { operationId: `create_${i}`, tags: [i % 2 === 0 ? 'pods' : 'nodes'], requestBody: body, responses: {} },
        get: { operationId: `get_${i}`, tags: ['pods'], summary: 'Reads', responses: {} },
      },
    ]),
  ),
});

describe('a list that would be too long', () => {
  test('is trimmed to its budget, the largest tools first, and arguments are checked against the whole', async () => {
    const { api } = await load(big(100), { maxListChars: 200_000 });
    expect(JSON.stringify(api.tools).length).toBeLessThan(200_000);
    expect(api.tools).toHaveLength(200);
    const get = api.tools.find(({ name }) => name === 'get_3');
    expect(get).toMatchObject({ title: 'Reads', description: 'Reads' });
    const create = api.tools.find(({ name }) => name === 'create_3');
    expect(create?.description).toMatch(/Parts of its schema are left out/);
    expect(create?.input_schema).toMatchObject({
      type: 'object',
      required: ['kind'],
      properties: { kind: { type: 'string', enum: ['Pod'] }, spec: { type: 'object' }, color: { type: 'string' } },
    });
    expect(create?.input_schema).not.toHaveProperty('properties.color.enum');
    const create3 = (args: object) => api.call('create_3', args, quietContext(forever));
    const whole = {
      kind: 'Pod',
      color: 'color_7',
      spec: { image: 'a', containers: [{ image: 'b', parent: { kind: 'Pod' } }] },
    };
    expect(await create3(whole)).toMatchObject({ is_error: false });
    const ajv = new Ajv2020({ strict: false });
    expect(ajv.validate(create?.input_schema ?? false, { ...whole, either: { field_0: 'x', image: 'y' } })).toBe(true);
    await expect(create3({ kind: 'Pod', spec: { image: 'a', containers: [{ parent: {} }] } })).rejects.toMatchObject({
      code: 'invalid_arguments',
      details: expect.arrayContaining([{ path: 'spec.containers.0.image', message: 'is needed' }]),
    });
  });

  test('has every operation of a document with more than a thousand', async () => {
    const { api } = await load(big(700), { maxListChars: 300_000 });
    expect(api.tools).toHaveLength(1_400);
    expect(api.defects).toEqual([]);
  });
});

describe('a document that has not changed', () => {
  const text = (summary: string) =>
    JSON.stringify({ openapi: '3.1.0', paths: { '/x': { get: { operationId: 'x', summary } } } });

  test.each([
    ['etag', 'if-none-match', '"v1"'],
    ['last-modified', 'if-modified-since', 'Sun, 29 Nov 2026 00:00:00 GMT'],
  ])('is not sent again, by its %s', async (header, condition, value) => {
    const asked: [unknown, number][] = [];
    const service = endWithTest(
      await serveRaw((req, res) => {
        const isKnown = req.headers[condition] === value;
        asked.push([req.headers[condition], isKnown ? 304 : 200]);
        res.writeHead(isKnown ? 304 : 200, { [header]: value }).end(isKnown ? undefined : text('One'));
      }),
    );
    const loadAgain = (previous?: OpenApiTools) =>
      loadOpenApi({ name: 'The service', document: service.url, signal: forever, previous });
    const first = await loadAgain();
    expect(await loadAgain(first)).toBe(first);
    expect(asked).toEqual([
      [undefined, 200],
      [value, 304],
    ]);
    await first.close();
  });

  test('is read again where its file has changed, and only then', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'openapi-')), 'doc.json');
    const loadAgain = (previous?: OpenApiTools) =>
      loadOpenApi({ name: 'The service', document: file, baseUrl: 'http://127.0.0.1:9', signal: forever, previous });
    writeFileSync(file, text('One'));
    const first = await loadAgain();
    expect(await loadAgain(first)).toBe(first);
    // Touched, with the same words.
    utimesSync(file, 1, 1);
    expect(await loadAgain(first)).toBe(first);
    writeFileSync(file, text('Two'));
    expect((await loadAgain(first)).tools).toMatchObject([{ title: 'Two' }]);
  });
});

describe('a large document', () => {
  /** A document of more than `megabytes`, nearly all of which is words that no tool shows. */
  const large = (megabytes: number) => {
    const padding = Object.fromEntries(
      Array.from({ length: megabytes * 10 }, (_, i) => [`P${i}`, { type: 'string', description: 'x'.repeat(100_000) }]),
    );
    return JSON.stringify({ ...big(1), components: { schemas: { Pod: POD, Spec: SPEC, ...padding } } });
  };

  test('of 30 MB is read in a thread, and says so', async () => {
    const text = gzipSync(large(30), { level: 1 });
    const service = endWithTest(
      await serveRaw((_req, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end(text)),
    );
    const sizes: number[] = [];
    const api = await loadOpenApi({
      name: 'The service',
      document: service.url,
      signal: forever,
      onReading: (bytes) => sizes.push(bytes),
    });
    expect(api.tools).toHaveLength(2);
    expect(sizes).toEqual([expect.any(Number)]);
    expect(sizes[0]).toBeGreaterThan(30_000_000);
    await api.close();
  });

  test('beyond 64 MiB is refused with its limit, packed or not', async () => {
    const bomb = gzipSync(Buffer.alloc(70_000_000, 32), { level: 1 });
    const service = endWithTest(
      await serveRaw((_req, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)),
    );
    await expect(loadOpenApi({ name: 'The service', document: service.url, signal: forever })).rejects.toThrow(
      'The service answered with more than 67108864 bytes',
    );
  });
});

test('the time limits of an entry hold, those of single tools first', async () => {
  const paths = Object.fromEntries(
    ['slow', 'silent', 'own'].map((name) => [`/${name}`, { post: { operationId: name } }]),
  );
  const service = endWithTest(
    await serveRaw((req, res) => {
      if (req.url === '/doc') return void res.end(JSON.stringify({ openapi: '3.1.0', paths }));
      if (req.url !== '/slow') return;
      // Never silent for long, and never done.
      res.writeHead(200, { 'content-type': 'text/plain' }).write('.');
      const timer = setInterval(() => res.write('.'), 50);
      res.on('close', () => clearInterval(timer));
    }),
  );
  const entry = {
    openapi: `${service.url}/doc`,
    timeout_ms: 1_000,
    total_timeout_ms: 2_000,
    tools: { own: { timeout_ms: 300 } },
  };
  const hub = await startHub({ api: entry });
  await until(async () => (await toolsFrom(hub, 'api')).length === 3);
  const errors = await Promise.all(['slow', 'silent', 'own'].map(async (tool) => (await call(hub, tool)).body.error));
  expect(errors).toMatchObject([
    { code: 'upstream_timeout', message: expect.stringContaining('within 2000 ms') },
    { code: 'upstream_timeout', message: expect.stringContaining('within 1000 ms') },
    { code: 'upstream_timeout', message: expect.stringContaining('within 300 ms') },
  ]);
});

/** The tools that a hub has from an upstream. */
const toolsFrom = async (hub: TestedService, upstream: string): Promise<string[]> => {
  const { tools } = (await request(`${hub.url}/tools`)).body;
  return tools.flatMap(({ name, server }: { name: string; server?: string }) => (server === upstream ? [name] : []));
};

describe('include and exclude', () => {
  const DOCUMENT = {
    openapi: '3.1.0',
    paths: {
      '/pets': {
        get: { operationId: 'list_pets', tags: ['pets'] },
        post: { operationId: 'add_pet', tags: ['pets', 'write'] },
      },
      '/pets/{id}': { delete: { operationId: 'remove_pet', tags: ['write'] } },
      '/admin/keys': { get: { operationId: 'list_keys', tags: ['pets'] } },
    },
  };
  test.each([
    [{ include: ['list_*'] }, ['list_keys', 'list_pets']],
    [{ include: ['*'], exclude: ['path:/admin/*'] }, ['list_pets', 'add_pet', 'remove_pet']],
    [{ include: ['tag:write'] }, ['add_pet', 'remove_pet']],
    [{ include: ['method:get', 'remove_pet'] }, ['list_keys', 'list_pets', 'remove_pet']],
  ])('%j', async (selection, names) => {
    const { api } = await load(DOCUMENT, { selection });
    expect(api.tools.map(({ name }) => name)).toEqual(names);
  });

  test('may select nothing, which is said, and read no name twice', async () => {
    await expect(load(DOCUMENT, { selection: { exclude: ['method:DELETE', 'tag:p*'] } })).rejects.toThrow(
      /has no operation that can be used; it has none, or none is selected/,
    );
    const { api } = await load(DOCUMENT, { selection: { exclude: [`${'*a'.repeat(5_000)}b`] } });
    expect(api.tools.map(({ name }) => name)).toEqual(['list_keys', 'list_pets', 'add_pet', 'remove_pet']);
  });

  test('stand in mesh.json, for tools of MCP servers, too', async () => {
    const { service } = await load(DOCUMENT);
    const hub = await startHub({ pets: { openapi: `${service.url}/doc`, include: ['tag:pets'], exclude: ['*_keys'] } });
    await until(async () => (await toolsFrom(hub, 'pets')).length > 0);
    expect(await toolsFrom(hub, 'pets')).toEqual(['list_pets', 'add_pet']);
    const outer = await startHub({ inner: { url: `${hub.url}/mcp`, include: ['list_*', 'tag:none'] } });
    await until(async () => (await toolsFrom(outer, 'inner')).length > 0);
    expect(await toolsFrom(outer, 'inner')).toEqual(['list_pets']);
  });
});
