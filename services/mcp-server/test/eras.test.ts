import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Era, type Fixture, type Seen, startFixture } from './conformance/fixture.ts';
import { type CallOptions, type EraClient, openClient } from './era-clients.ts';
import { areAllUp, serveHub } from './mesh-of-tests.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

const running: { stop(graceMs: number): Promise<void> }[] = [];
const clients: EraClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await Promise.all(running.map((part) => part.stop(0)));
});

const COMBINATIONS = (['legacy', 'modern'] as const).flatMap((ours) =>
  (['legacy', 'modern'] as const).map((theirs) => [ours, theirs] as const),
);

describe.each(COMBINATIONS)('a client of the %s era, of an upstream of the %s era', (ours: Era, theirs: Era) => {
  let fixture: Fixture;
  let url = '';
  beforeAll(async () => {
    fixture = await startFixture({ eras: [theirs] });
    const hub = await serveHub({ fixture: { url: fixture.url } });
    running.push(fixture, hub);
    await until(() => areAllUp(hub));
    url = `${hub.url}/mcp`;
  });

  const open = async (): Promise<EraClient> => {
    const client = await openClient(ours, url);
    clients.push(client);
    return client;
  };
  const call = (client: EraClient, name: string, args: object = {}, options?: CallOptions) =>
    client.request('tools/call', { name, arguments: args }, options);
  const seen = (name: string): Seen[] => fixture.seen.filter(({ params }) => params['name'] === name);
  const saying = (text: string) => ({ content: [{ type: 'text', text }] });

  test('finds tools, resources, templates, prompts and completions', async () => {
    const client = await open();
    const { tools } = await client.request('tools/list');
    expect(tools).toContainEqual(
      expect.objectContaining({
        name: 'test_simple_text',
        description: 'Returns text',
        inputSchema: { type: 'object' },
        annotations: { readOnlyHint: true },
      }),
    );
    expect(await client.request('resources/list')).toMatchObject({
      resources: [{ uri: 'test://static-text' }, { uri: 'test://static-binary' }, { uri: 'test://watched-resource' }],
    });
    expect(await client.request('resources/templates/list')).toMatchObject({
      resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', mimeType: 'application/json' }],
    });
    const { contents } = await client.request('resources/read', { uri: 'test://template/7/data' });
    expect(contents).toEqual([
      expect.objectContaining({ mimeType: 'application/json', text: expect.stringContaining('"id":"7"') }),
    ]);
    const args = { arg1: 'a', arg2: 'b' };
    expect(await client.request('prompts/get', { name: 'test_prompt_with_arguments', arguments: args })).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text: "Prompt with arguments: arg1='a', arg2='b'" } }],
    });
    const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' };
    const argument = { name: 'arg1', value: 'par' };
    expect(await client.request('completion/complete', { ref, argument })).toMatchObject({
      completion: { values: ['paris', 'park', 'party'], hasMore: false },
    });
  });

  test('gets results as they are, with fields that no revision knows', async () => {
    const result = await call(await open(), 'test_structured_content');
    expect(result).toMatchObject({
      ...saying('3'),
      structuredContent: { sum: 3, extra: [null] },
      vendorField: { kept: true },
    });
    const mixed = await call(await open(), 'test_multiple_content_types');
    expect(mixed['content']).toMatchObject([{ type: 'text' }, { type: 'image' }, { type: 'resource' }]);
    expect(await call(await open(), 'test_error_handling')).toMatchObject({ isError: true });
  });

  test('hears of progress and log messages', async () => {
    const client = await open();
    const updates: number[] = [];
    const onProgress = ({ progress }: { progress: number }) => void updates.push(progress);
    await call(client, 'test_tool_with_progress', {}, { onProgress });
    expect(updates).toEqual([0, 50, 100]);
    await call(client, 'test_tool_with_logging');
    expect(client.notifications.filter(({ method }) => method === 'notifications/message')).toMatchObject([
      { params: { level: 'info', data: 'Tool execution started' } },
      { params: { level: 'info', data: 'Tool processing data' } },
      { params: { level: 'info', data: 'Tool execution completed' } },
    ]);
    await call(client, 'test_logging_tool');
    const levels = client.notifications.map(({ params }) => Object(params).level);
    expect(levels).toContain('error');
    expect(levels).not.toContain('debug');
  });

  test('is asked what an upstream needs to know, by tools and prompts', async () => {
    const client = await open();
    expect(await call(client, 'test_input_required_result_elicitation')).toMatchObject(saying('Hello, my name!'));
    expect(await call(client, 'test_sampling', { prompt: 'Capital of France?' })).toMatchObject(
      saying('LLM response: Paris'),
    );
    expect(await call(client, 'test_input_required_result_list_roots')).toMatchObject(
      saying(JSON.stringify([{ uri: 'file:///work', name: 'work' }])),
    );
    expect(await call(client, 'test_input_required_result_multi_round')).toMatchObject(
      saying('my name likes my color'),
    );
    expect(await call(client, 'test_input_required_result_multiple_inputs')).toMatchObject(
      saying('Paris my name [{"uri":"file:///work","name":"work"}]'),
    );
    expect(await client.request('prompts/get', { name: 'test_input_required_result_prompt' })).toMatchObject({
      messages: [{ content: { text: 'In the context of my context' } }],
    });
    expect(client.asked).toEqual([
      'What is your name?',
      { type: 'text', text: 'Capital of France?' },
      'Step 1: What is your name?',
      'Step 2: What is your favorite color?',
      'What is your name?',
      { type: 'text', text: 'Generate a greeting' },
      'What context should the prompt use?',
    ]);
    // What was opened to ask is given back with the client's session; the connection of all clients stays.
    await clients.pop()?.close();
    await until(() => fixture.sessions === (theirs === 'legacy' ? 1 : 0));
  });

  test('cancels a call down to the upstream', async () => {
    const client = await open();
    const stop = new AbortController();
    const before = seen('test_until_cancelled').length;
    const cancelled = call(client, 'test_until_cancelled', {}, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(cancelled).rejects.toThrow(/abort/i);
    await until(() => seen('test_until_cancelled')[before]?.signal.aborted === true);
  });

  test('has its trace and its own `_meta` continued', async () => {
    const meta = {
      traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
      tracestate: 'vendor=1',
      'com.example/own': { a: 1 },
    };
    await call(await open(), 'test_simple_text', {}, { meta });
    const [last] = seen('test_simple_text').slice(-1);
    expect(last?.params['_meta']).toMatchObject({
      traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`)),
      tracestate: 'vendor=1',
      'com.example/own': { a: 1 },
    });
  });

  test('hears of changes of the lists, and of resources that it watches', async () => {
    const client = await open();
    await client.listen('test://watched-resource');
    const received = (method: string) => client.notifications.some((notification) => notification.method === method);
    await call(client, 'test_trigger_tool_change');
    await until(() => received('notifications/tools/list_changed'));
    await until(async () => JSON.stringify(await client.request('tools/list')).includes('"extra_tool_1"'));
    await call(client, 'test_trigger_prompt_change');
    await until(() => received('notifications/prompts/list_changed'));

    // The hub asks the upstream for it in its own time.
    await until(async () => {
      await call(client, 'test_trigger_resource_update');
      return received('notifications/resources/updated');
    });
    expect(client.notifications).toContainEqual(
      expect.objectContaining({ params: expect.objectContaining({ uri: 'test://watched-resource' }) }),
    );
  });
});
