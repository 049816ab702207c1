import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Tool } from '../../contracts/tool.ts';
import { runSearch } from '../../kit/search/search-tools.ts';
import { createToolSearch } from '../../kit/search/tool-search.ts';
import { trimSchema } from '../../kit/search/trim-schema.ts';
import { splitWords, stemsOf } from '../../kit/search/words.ts';
import { expectLinear } from '../../test-kit/hostile-text.ts';

const Tasks = z.array(z.object({ intent: z.string(), tools: z.array(z.string()) }));
const AllTasks = z.object({ tuned: Tasks, held_out: Tasks, fresh: Tasks });
const Listed = z.object({
  server: z.string(),
  name: z.string(),
  title: z.string().optional(),
  description: z.string(),
  arguments: z.array(z.string()),
});

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

const tool = (name: string, description = '', more: Partial<Tool> = {}): Tool => ({
  name,
  description,
  input_schema: { type: 'object' },
  annotations: {},
  ...more,
});

const catalogue = z
  .array(Listed)
  .parse(read('tools.json'))
  .map(({ server, name, title, description, arguments: names }) =>
    tool(name, description, {
      server,
      ...(title === undefined ? {} : { title }),
      input_schema: { type: 'object', properties: Object.fromEntries(names.map((argument) => [argument, {}])) },
    }),
  );

const namesOf = (tools: readonly Tool[]): string[] => tools.map(({ name }) => name);

describe('a search among 500 tools of public servers and documents', () => {
  test('has the right one among its first five for 95 % of 200 tasks in users’ words', async () => {
    const search = createToolSearch(() => catalogue);
    const found = async (tasks: z.output<typeof Tasks>): Promise<number> => {
      const hits = await Promise.all(
        tasks.map(async ({ intent, tools }) => {
          const first = namesOf(await search.search(intent, { limit: 5 }));
          return first.some((name) => tools.includes(name));
        }),
      );
      return hits.filter(Boolean).length;
    };
    const { tuned, held_out, fresh } = AllTasks.parse(read('tasks.json'));
    const [ofTuned, ofHeldOut, ofFresh] = [await found(tuned), await found(held_out), await found(fresh)];
    const shares = `tuned ${ofTuned} of ${tuned.length}, held out ${ofHeldOut} of ${held_out.length}, fresh ${ofFresh} of ${fresh.length}`;
    process.stdout.write(`tools found: ${shares}\n`);
    expect(catalogue).toHaveLength(500);
    expect(tuned.length + held_out.length).toBe(200);
    expect(ofTuned + ofHeldOut).toBeGreaterThanOrEqual(190);
    expect(ofFresh).toBeGreaterThanOrEqual(34);
  });
});

describe('a search for tools', () => {
  const few = [
    tool('create_issue', 'Writes an issue.', { server: 'github' }),
    tool('createPaymentLink', 'Makes a link.', { server: 'stripe' }),
    tool('listHTTPRoutes', 'Lists routes.'),
    tool('天気予報', '天気を調べる'),
  ];
  const first = async (query: string): Promise<string | undefined> =>
    namesOf(await createToolSearch(() => few).search(query, { limit: 1 }))[0];

  test.each([
    ['issue', 'create_issue'],
    ['isseu tracker', 'create_issue'],
    ['payment', 'createPaymentLink'],
    ['http route', 'listHTTPRoutes'],
    ['stripe', 'createPaymentLink'],
    ['天気', '天気予報'],
    ['ISSUES!', 'create_issue'],
  ])('finds for "%s" the tool %s', async (query, name) => {
    expect(await first(query)).toBe(name);
  });

  test('finds nothing for words of no tool, and only what is accepted', async () => {
    expect(await first('zebra')).toBeUndefined();
    expect(await first('the of and')).toBeUndefined();
    const search = createToolSearch(() => few);
    expect(await search.search('issue', { limit: 5, accept: ({ server }) => server !== 'github' })).toEqual([]);
  });

  test('follows the list, also one that changes while the index is built', async () => {
    let list: readonly Tool[] = [];
    const search = createToolSearch(() => list);
    expect(await search.search('issue', { limit: 5 })).toEqual([]);
    list = [tool('other')];
    const searching = search.search('issue', { limit: 5 });
    list = few;
    expect(namesOf(await searching)).toEqual(['create_issue']);
    list = [tool('create_issue', 'Cooks soup.')];
    expect(namesOf(await search.search('soup', { limit: 5 }))).toEqual(['create_issue']);
  });

  test('leaves the event loop free while it reads 10,000 tools, and reads those that stay only once', async () => {
    const text = catalogue.map(({ description }) => description);
    const many = Array.from({ length: 10_000 }, (_one, n) => tool(`tool_${n}`, `${n} ${text[n % text.length]}`));
    let list: readonly Tool[] = many;
    const search = createToolSearch(() => list);
    let longest = 0;
    let last = performance.now();
    const watching = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await search.search('invoice', { limit: 5 });
    // Turns of 10 ms; a whole index takes seconds.
    expect(longest).toBeLessThan(500);
    clearInterval(watching);
    let reads = 0;
    list = many.map((one) => ({
      ...one,
      get input_schema() {
        reads += 1;
        return one.input_schema;
      },
    }));
    await search.search('invoice', { limit: 5 });
    expect(reads).toBeLessThanOrEqual(10_000);
  });

  test('reads hostile names, descriptions and queries in linear time', async () => {
    await expect(expectLinear(splitWords, { marks: ['A', 'aB', 'é', '天', '_', '1'] })).resolves.toBeUndefined();
    await expect(expectLinear(stemsOf, { marks: ['ss', 'ing', 'ed', ' '] })).resolves.toBeUndefined();
  });
});

describe('the answer of a search', () => {
  test('is bounded, however large the tools are, and still names every required argument', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 500 }, (_one, n) => [
        `argument_${n}`,
        { type: 'object', description: 'x'.repeat(500), properties: { deep: { type: 'string', enum: ['a', 'b'] } } },
      ]),
    );
    const huge = Array.from({ length: 30 }, (_one, n) =>
      tool(`huge_${n}`, 'y'.repeat(20_000), {
        input_schema: { type: 'object', properties, required: ['argument_499'] },
      }),
    );
    const answer = await runSearch(
      createToolSearch(() => huge),
      { query: 'huge', limit: 20 },
    );
    expect(answer.tools).toHaveLength(20);
    expect(JSON.stringify(answer).length).toBeLessThan(40_000);
    expect(Object.keys(Object(answer.tools[0]?.input_schema?.['properties']))).toContain('argument_499');
  });

  test('has a small schema as it is, and a larger one without its examples and long texts', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', description: 'd'.repeat(300), examples: ['e'] } },
    };
    expect(trimSchema(schema, 10_000)).toBe(schema);
    const trimmed = trimSchema(schema, 250);
    expect(trimmed).toMatchObject({ type: 'object', properties: { a: { type: 'string' } } });
    expect(JSON.stringify(trimmed).length).toBeLessThanOrEqual(250);
    const long = { type: 'string', description: 'd'.repeat(300) };
    const named = trimSchema({ type: 'object', properties: { examples: long, title: long } }, 350);
    expect(Object.keys(Object(named['properties']))).toEqual(['examples', 'title']);
  });
});
