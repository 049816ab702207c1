import { describe, expect, test } from '@jest/globals';
import * as modern from '@modelcontextprotocol/client';
import {
  CallToolResultSchema,
  CompleteResultSchema,
  GetPromptResultSchema,
  ReadResourceResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { BLOCK_META_KEY } from '../../mcp/results/fit-block.ts';
import { fitResult } from '../../mcp/results/fit-result.ts';
import { fc } from '../../test-kit/property.ts';

const METHODS = ['tools/call', 'prompts/get', 'resources/read', 'completion/complete'] as const;
type Method = (typeof METHODS)[number];

/** The reference: clients of the SDK refuse a whole result that these refuse. */
const SCHEMAS = {
  'tools/call': [CallToolResultSchema, modern.isSpecType.CallToolResult],
  'prompts/get': [GetPromptResultSchema, modern.isSpecType.GetPromptResult],
  'resources/read': [ReadResourceResultSchema, modern.isSpecType.ReadResourceResult],
  'completion/complete': [CompleteResultSchema, modern.isSpecType.CompleteResult],
} as const;
const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];

const fit = (method: Method, result: object, revision?: string) =>
  fitResult({ method, params: { uri: 'memo://asked' } }, { ...result }, revision);
const content = (blocks: unknown, revision?: string) => fit('tools/call', { content: blocks }, revision)['content'];

const PNG = 'iVBORw0KGgo=';
const ANNOTATED = { annotations: { audience: ['user'], priority: 0.5 }, _meta: { a: 1 } };
const RIGHT: Record<Method, object> = {
  'tools/call': {
    content: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'a', ...ANNOTATED },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      { type: 'audio', data: PNG, mimeType: 'audio/wav', ...ANNOTATED },
      { type: 'resource', resource: { uri: 'a:b', text: 'a', mimeType: 'text/plain' } },
      { type: 'resource', resource: { uri: 'a:b', blob: PNG } },
      { type: 'resource_link', uri: 'a:b', name: 'a', size: 7 },
    ],
    structuredContent: { a: null },
    isError: false,
    _meta: { a: 1 },
  },
  'prompts/get': { description: 'a', messages: [{ role: 'user', content: { type: 'text', text: 'a' } }] },
  'resources/read': {
    contents: [
      { uri: 'a:b', text: 'a' },
      { uri: 'a:c', blob: PNG, mimeType: 'image/png' },
    ],
  },
  'completion/complete': { completion: { values: ['a'], total: 1, hasMore: false } },
};

test.each(METHODS)('a right result of %s is passed on itself', (method) => {
  const result = { ...RIGHT[method] };
  for (const revision of ['2025-06-18', '2026-07-28', undefined]) {
    expect(fitResult({ method, params: {} }, result, revision)).toBe(result);
  }
});

/** Results near right ones: any field may be null, of another type or missing. */
const nearby = (value: unknown, depth = 0): fc.Arbitrary<unknown> => {
  const odd = fc.constantFrom<unknown>(null, undefined, 7, true, '', 'text', [], {}, ['a'], { type: 'text' });
  const field = (inner: unknown) => fc.oneof({ weight: 3, arbitrary: nearby(inner, depth + 1) }, odd);
  if (depth > 4 || typeof value !== 'object' || value === null) return fc.constant(value);
  if (Array.isArray(value)) return fc.tuple(...value.map(field));
  return fc.record(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, field(inner)])), {
    requiredKeys: [],
  });
};

describe.each(METHODS)('whatever a server answers to %s', (method) => {
  test('clients of each revision accept', () => {
    const [schema, isModern] = SCHEMAS[method];
    fc.assert(
      fc.property(nearby(RIGHT[method]), fc.constantFrom(...REVISIONS), (odd, revision) => {
        // Before 2026-07-28 the faces wrap structured content that is no object.
        const { structuredContent: _any, ...fitted } = fit(method, JSON.parse(JSON.stringify(Object(odd))), revision);
        const sent = JSON.parse(JSON.stringify(fitted));
        schema.parse(sent);
        expect(isModern({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...sent })).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

test('null fields are left away, and all others are as they came', () => {
  const block = { type: 'text', text: 'a', annotations: null, _meta: null };
  const odd = { content: [block], structuredContent: null, isError: null, _meta: null, other: 1 };
  for (const revision of [...REVISIONS, undefined]) {
    expect(fit('tools/call', odd, revision)).toEqual({ content: [{ type: 'text', text: 'a' }], other: 1 });
  }
  expect(fit('tools/call', { content: [], structuredContent: [1], isError: 'true' })).toEqual({
    content: [],
    structuredContent: [1],
    isError: true,
  });
});

test('content of an unknown type is passed to those who take any, and told in words to others', () => {
  const video = { type: 'video', data: 'x'.repeat(5_000), url: 'https://a.example/v' };
  expect(content([video])).toEqual([video]);
  const [old] = Object(content([video], '2025-06-18'));
  expect(old).toEqual({
    type: 'text',
    text: expect.stringMatching(/"video".*does not know.*x… \(5000 characters\).*v"/),
  });
  expect(content([video], '2026-07-28')).toEqual([{ ...old, _meta: { [BLOCK_META_KEY]: video } }]);
  const link = { type: 'resource_link', uri: 'a:b', name: 'a' };
  expect(content([link], '2025-06-18')).toEqual([link]);
  expect(content([link], '2025-03-26')).toEqual([{ type: 'text', text: expect.stringContaining('a:b') }]);
});

test.each([
  ['text', 'hello', { type: 'text', text: 'hello' }],
  ['a number', 7, { type: 'text', text: expect.stringContaining('7') }],
  ['null', [null], { type: 'text', text: expect.stringContaining('null') }],
  ['no type', [{ text: 'a' }], { type: 'text', text: 'a' }],
  ['text that is null', [{ type: 'text', text: null }], { type: 'text', text: expect.stringContaining('"text"') }],
  ['text that is an object', [{ type: 'text', text: { a: 1 } }], { type: 'text', text: '{"a":1}' }],
  ['an image without data', [{ type: 'image' }], { type: 'text', text: expect.stringContaining('"image"') }],
  ['an image without a type', [{ type: 'image', data: PNG }], { type: 'image', data: PNG, mimeType: 'image/png' }],
  [
    'an image as a URL',
    [{ type: 'image', data: `data:image/webp;base64,${PNG.slice(0, -1)}` }],
    { type: 'image', data: PNG, mimeType: 'image/webp' },
  ],
  [
    'a link without a name',
    [{ type: 'resource_link', uri: 'a:b' }],
    { type: 'resource_link', uri: 'a:b', name: 'a:b' },
  ],
  [
    'a resource with null beside its text',
    [{ type: 'resource', resource: { uri: 'a:b', text: 'a', blob: null, mimeType: null } }],
    { type: 'resource', resource: { uri: 'a:b', text: 'a' } },
  ],
])('content of %s is made right, or told in words', (_what, odd, expected) => {
  expect(content(odd, '2025-06-18')).toEqual([expected]);
  expect(content(odd)).toEqual([expected]);
});

test('a result without content has what it says as text', () => {
  expect(fit('tools/call', { structuredContent: { a: 1 } })['content']).toEqual([{ type: 'text', text: '{"a":1}' }]);
  expect(fit('tools/call', {})['content']).toEqual([]);
});

test('messages of prompts and contents of resources are made right, too', () => {
  const messages = [{ role: 'system', content: ['a', { type: 'video' }] }, 'b'];
  expect(fit('prompts/get', { messages, description: null }, '2025-06-18')).toEqual({
    messages: [
      { role: 'user', content: { type: 'text', text: 'a' } },
      { role: 'user', content: { type: 'text', text: expect.stringContaining('video') } },
      { role: 'user', content: { type: 'text', text: 'b' } },
    ],
  });
  expect(fit('resources/read', { contents: { mimeType: null, text: 'a' } }, '2025-06-18')).toEqual({
    contents: [{ uri: 'memo://asked', text: 'a' }],
  });
});
