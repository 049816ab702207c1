import { execFileSync } from 'node:child_process';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'acorn';
import type { JsonSchema } from '../../contracts/tool.ts';
import { pythonStub } from '../../kit/stubs/python-stub.ts';
import { typescriptStub } from '../../kit/stubs/typescript-stub.ts';

const tool = (name: string, input_schema: JsonSchema, more: object = {}) => ({
  name,
  description: 'Does it.',
  input_schema,
  ...more,
});

const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`property_${i}`, { type: 'string' }]));
const QUOTES = '"""\n\'\'\'\\" */ \u2028 import os; os.system("x") #\u0000';

/** Schemas as servers send them, and as nobody should. */
const ODD: readonly (readonly [string, JsonSchema])[] = [
  ['no type', { properties: { a: {} } }],
  ['no properties', { type: 'object' }],
  ['nothing', {}],
  [
    'reserved words',
    { type: 'object', properties: { from: { type: 'string' }, class: {}, 'x-y': {}, '': {}, '1st': {} } },
  ],
  [
    'quotes in names',
    { type: 'object', properties: { [QUOTES]: { type: 'string', description: QUOTES } }, required: [QUOTES] },
  ],
  ['quotes in choices', { type: 'object', properties: { a: { enum: [QUOTES, 1, null, true], default: QUOTES } } }],
  ['a reference to itself', { $ref: '#', type: 'object', properties: { a: { $ref: '#' } } }],
  [
    'a reference that leads nowhere',
    { type: 'object', properties: { a: { $ref: '#/$defs/None' }, b: { $ref: 'https://x/y' } } },
  ],
  [
    'definitions that name each other',
    {
      type: 'object',
      properties: { tree: { $ref: '#/$defs/Node' } },
      $defs: {
        Node: { anyOf: [{ $ref: '#/$defs/Node' }, { type: 'object', properties: { a: { $ref: '#/$defs/Node' } } }] },
      },
    },
  ],
  [
    'all of several',
    { allOf: [{ type: 'object', properties: { a: { type: 'integer' } } }, { properties: { b: { type: 'null' } } }] },
  ],
  ['choices that are objects', { type: 'object', properties: { a: { enum: [{ b: 1 }, [2]] } } }],
  ['types in a list', { type: ['object', 'null'], properties: { a: { type: ['string', 'null'] } } }],
  ['a wrong shape', { type: 'object', properties: { a: 7, b: null, c: ['string'] }, required: 'a' }],
  ['5,000 properties', { type: 'object', properties: many, required: ['property_4999'] }],
  [
    'a megabyte of text',
    { type: 'object', description: 'x'.repeat(2 ** 20), properties: { a: { description: 'y'.repeat(2 ** 20) } } },
  ],
];

describe.each(ODD)('a schema with %s', (_name, schema) => {
  const stubbed = tool('do-it', schema, { description: QUOTES, output_schema: schema });

  test('makes a stub that is one function of Python, and nothing else', () => {
    const text = pythonStub(stubbed);
    const script =
      'import ast,sys; m = ast.parse(sys.stdin.read()); print([type(n).__name__ for n in m.body], [type(n).__name__ for n in m.body[0].body])';
    expect(execFileSync('python3', ['-c', script], { input: `${text}\n`, encoding: 'utf8' })).toBe(
      "['FunctionDef'] ['Expr']\n",
    );
    expect(text.length).toBeLessThan(8_000);
  });

  test('makes a stub that is one declaration of TypeScript, and nothing else', () => {
    const text = typescriptStub(stubbed);
    expect(text.match(/^declare function do_it\(/gm)).toHaveLength(1);
    // A declaration has no code: what is left without types is a comment.
    expect(parse(stripTypeScriptTypes(text), { ecmaVersion: 'latest' }).body).toEqual([]);
    expect(text.length).toBeLessThan(8_000);
  });
});

test('tells types, choices, defaults and what is required', () => {
  const schema = {
    type: 'object',
    properties: {
      repo: { type: 'string', description: 'Owner and name' },
      state: { enum: ['open', 'closed'], default: 'open' },
      labels: { type: 'array', items: { type: 'string' } },
      page: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null },
      filter: { $ref: '#/$defs/Filter' },
    },
    required: ['repo'],
    $defs: { Filter: { type: 'object', properties: { since: { type: 'string' } }, required: ['since'] } },
  };
  const output_schema = {
    type: 'object',
    properties: { items: { type: 'array', items: { type: 'object' } } },
    required: ['items'],
  };
  const stubbed = tool('list_issues', schema, { output_schema });
  expect(pythonStub(stubbed)).toBe(
    [
      'def list_issues(*, repo: str, state: Literal["open", "closed"] = "open", labels: list[str] = ..., page: int | None = None, filter: dict = ...) -> dict:',
      '    """Does it.',
      '    repo: Owner and name',
      '    filter: keys: "since": str',
      '    Returns a dict; keys: "items": list[dict]',
      '    """',
    ].join('\n'),
  );
  expect(typescriptStub(stubbed)).toBe(
    [
      '/**',
      ' * Does it.',
      ' * @param args.repo Owner and name',
      ' */',
      'declare function list_issues(args: { repo: string; state?: "open" | "closed"; labels?: string[]; page?: number | null; ' +
        'filter?: { since: string } }): Promise<{ items: Record<string, unknown>[] }>;',
    ].join('\n'),
  );
});

test('shows what is required of a tool with thousands of parameters', () => {
  const schema = { type: 'object', properties: many, required: ['property_4999'] };
  expect(pythonStub(tool('big', schema))).toMatch(/^def big\(\*, property_4999: str, .*\*\*more\)/);
});
