import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import type { ProviderName } from '../../src/models/provider-name.ts';
import { createPerModel } from '../../src/models/learnt.ts';
import { openGuarded } from '../../src/models/open-model.ts';
import { createProviders } from '../../src/models/providers.ts';
import type { Model } from '../../src/models/model.ts';
import { withRetries } from '../../src/models/decorators/retrying-model.ts';
import { type Behaviour, fakeProvider, half, hangUp, json, silence, text } from '../fakes/fake-provider.ts';
import { callDelta, delta, frame, ask, pieces, say, settings, stop, tool, openModel } from './ask.ts';

/** One fault between us and a model, on the wire of each provider. */
interface Fault {
  readonly name: string;
  readonly openai?: Behaviour;
  readonly ollama?: Behaviour;
  /** Expected error: its code and message. */
  readonly code: string;
  readonly words: RegExp;
  /** True when only a timeout ends it. */
  readonly isSilent?: boolean;
  /** Requests that are made, with two retries allowed. Default: three, unless the answer has begun. */
  readonly tries?: number;
  /** The events that came before the failure. */
  readonly received?: readonly string[];
}

const NDJSON = { 'content-type': 'application/x-ndjson' };
const line = (message: object): string => `${JSON.stringify({ model: 'm', message, done: false })}\n`;
const words = line({ role: 'assistant', content: 'Hel' });
const ollamaSays = (parts: readonly (string | Uint8Array)[], after: 'end' | 'hang up' | 'stay' = 'end') =>
  pieces(parts, after, NDJSON);
const openaiSays = (parts: readonly object[], after: 'end' | 'hang up' | 'stay' = 'end') =>
  pieces(parts.map(frame), after);
const both = (behaviour: Behaviour) => ({ openai: behaviour, ollama: behaviour });
const refuse = (status: number, headers: Record<string, string> = {}) => ({
  openai: json({ error: { message: 'no' } }, status, headers),
  ollama: json({ error: 'no' }, status, headers),
});
const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
const start = callDelta({ index: 0, id: 'a', function: { name: 'add', arguments: '{"n":' } });

const FAULTS: readonly Fault[] = [
  { name: 'hangs up before the headers', ...both(hangUp), code: 'upstream_failed', words: /dropped the connection/ },
  {
    name: 'never answers',
    ...both(silence),
    isSilent: true,
    code: 'upstream_timeout',
    words: /did not answer within 900 ms/,
  },
  {
    name: 'hangs up after the headers',
    openai: openaiSays([], 'hang up'),
    ollama: ollamaSays([], 'hang up'),
    code: 'upstream_failed',
    words: /dropped the connection/,
  },
  {
    name: 'hangs up in the middle of a word',
    openai: openaiSays([say('Hel')], 'hang up'),
    ollama: ollamaSays([words, words.slice(0, 20)], 'hang up'),
    code: 'upstream_failed',
    words: /dropped the connection/,
    tries: 1,
    received: ['text'],
  },
  {
    name: 'hangs up in the middle of a thought',
    openai: openaiSays([delta({ reasoning: 'Hm' })], 'hang up'),
    ollama: ollamaSays([line({ role: 'assistant', thinking: 'Hm' })], 'hang up'),
    code: 'upstream_failed',
    words: /dropped the connection/,
    tries: 1,
    received: ['reasoning'],
  },
  {
    name: 'hangs up in the middle of the arguments of a call',
    openai: openaiSays([start], 'hang up'),
    code: 'upstream_failed',
    words: /dropped the connection/,
    tries: 1,
    received: ['tool_input_start', 'tool_input_delta'],
  },
  {
    name: 'ends without an end',
    openai: openaiSays([say('Hel')]),
    ollama: ollamaSays([words]),
    code: 'upstream_failed',
    words: /before it was complete/,
    tries: 1,
    received: ['text'],
  },
  {
    name: 'ends in the middle of the arguments of a call',
    openai: openaiSays([start]),
    code: 'upstream_failed',
    words: /before it was complete/,
    tries: 1,
    received: ['tool_input_start', 'tool_input_delta'],
  },
  {
    name: 'falls silent in mid-answer',
    isSilent: true,
    openai: openaiSays([say('Hel')], 'stay'),
    ollama: ollamaSays([words], 'stay'),
    code: 'upstream_timeout',
    words: /silent for 300 ms/,
    tries: 1,
    received: ['text'],
  },
  {
    name: 'falls silent after the headers',
    isSilent: true,
    openai: openaiSays([], 'stay'),
    ollama: ollamaSays([], 'stay'),
    code: 'upstream_timeout',
    words: /did not answer within 900 ms/,
  },
  {
    name: 'says an error at once',
    openai: pieces([frame({ error: { message: 'out of memory' } })]),
    ollama: ollamaSays(['{"error":"out of memory"}\n']),
    code: 'upstream_failed',
    words: /out of memory/,
  },
  {
    name: 'says an error in mid-answer',
    openai: pieces([frame(say('Hel')), frame({ error: { message: 'out of memory' } })]),
    ollama: ollamaSays([words, '{"error":"out of memory"}\n']),
    code: 'upstream_failed',
    words: /out of memory/,
    tries: 1,
    received: ['text'],
  },
  {
    name: 'says 429 in mid-answer',
    openai: pieces([frame(say('Hel')), frame({ error: { message: 'slow down', code: 'rate_limit_exceeded' } })]),
    code: 'rate_limited',
    words: /slow down/,
    tries: 1,
    received: ['text'],
  },
  { name: 'answers 500', ...refuse(500), code: 'upstream_failed', words: /answered 500: no/ },
  { name: 'answers 502', ...refuse(502), code: 'upstream_failed', words: /answered 502: no/ },
  { name: 'answers 503', ...refuse(503, { 'retry-after': '0' }), code: 'unavailable', words: /answered 503: no/ },
  { name: 'answers 429', ...refuse(429, { 'retry-after': '0' }), code: 'rate_limited', words: /answered 429: no/ },
  {
    name: 'answers 429 and asks for an hour',
    ...refuse(429, { 'retry-after': '3600' }),
    code: 'rate_limited',
    words: /answered 429/,
    tries: 1,
  },
  {
    name: 'answers 429 and names a time',
    ...refuse(429, { 'retry-after': inAnHour }),
    code: 'rate_limited',
    words: /answered 429/,
    tries: 1,
  },
  {
    name: 'answers 429 and asks for milliseconds',
    openai: json({ error: { message: 'no' } }, 429, { 'retry-after-ms': '1' }),
    code: 'rate_limited',
    words: /answered 429/,
  },
  { name: 'answers 401', ...refuse(401), code: 'upstream_failed', words: /answered 401: no/, tries: 1 },
  { name: 'answers 404', ...refuse(404), code: 'upstream_failed', words: /answered 404: no/, tries: 1 },
  {
    name: 'finds the conversation too long, however short it is made',
    openai: json({ error: { message: "This model's maximum context length is 5 tokens." } }, 400),
    ollama: json({ error: 'the input length exceeds the context length' }, 400),
    code: 'invalid_request',
    words: /context length/,
    tries: 4,
  },
  { name: 'sends a page', ...both(text('<html>busy</html>')), code: 'upstream_failed', words: /cannot be understood/ },
  {
    name: 'sends half a JSON document',
    ...both(half('{"choices":[', 'application/json')),
    code: 'upstream_failed',
    words: /dropped the connection/,
  },
  {
    name: 'sends JSON that is something else',
    openai: json({ ok: true }),
    ollama: json({ done: 'maybe' }),
    code: 'upstream_failed',
    words: /cannot be understood/,
  },
  {
    name: 'sends a broken line',
    openai: pieces(['data: {"choices":\n\n']),
    ollama: ollamaSays(['{"message":\n']),
    code: 'upstream_failed',
    words: /cannot be understood/,
  },
  {
    name: 'sends an empty stream',
    openai: openaiSays([]),
    ollama: ollamaSays([]),
    code: 'upstream_failed',
    words: /before it was complete/,
  },
];

/** Unusual answers that every provider accepts as complete. */
const ODDITIES: readonly { readonly name: string; readonly openai: Behaviour; readonly ollama: Behaviour }[] = [
  {
    name: 'CRLF',
    openai: pieces([frame(say('Grüße 🌍')).replaceAll('\n', '\r\n'), frame(stop).replaceAll('\n', '\r\n')]),
    ollama: ollamaSays([line({ content: 'Grüße 🌍' }).replace('\n', '\r\n'), '{"done":true}\r\n']),
  },
  {
    name: 'a character cut in two',
    openai: pieces(bytesOf(frame(say('Grüße 🌍')) + frame(stop))),
    ollama: ollamaSays(bytesOf(`${line({ content: 'Grüße 🌍' })}{"done":true}\n`)),
  },
  {
    name: 'blank lines, and an end without a new line',
    openai: pieces([`\n\n: ping\n\n${frame(say('Grüße 🌍'))}\n${frame(stop).trimEnd()}`]),
    ollama: ollamaSays([`\n${line({ content: 'Grüße 🌍' })}\n\n{"done":true}`]),
  },
  {
    name: 'one document instead of a stream',
    openai: json({ choices: [{ message: { content: 'Grüße 🌍' }, finish_reason: 'stop' }] }),
    ollama: json({ message: { content: 'Grüße 🌍' }, done: true }),
  },
];

function bytesOf(content: string): readonly Uint8Array[] {
  const bytes = Buffer.from(content);
  return Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
}

let provider: Awaited<ReturnType<typeof fakeProvider>>;
beforeAll(async () => {
  provider = await fakeProvider([silence]);
});
afterAll(() => provider.stop());

/** A model of a middleware that has just started, with two retries. */
async function open(name: ProviderName, { url = provider.url, isSilent = false } = {}): Promise<Model> {
  const config = settings({
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_MODEL: 'm',
    OPENAI_CONTEXT_TOKENS: '4096',
    OLLAMA_HOST: url,
    OLLAMA_MODEL: 'm',
    ...(isSilent ? { LLM_TIMEOUT_MS: '900', LLM_IDLE_TIMEOUT_MS: '300' } : {}),
  });
  return withRetries(await openModel(config, name), 2, () => {});
}

describe.each(['openai', 'ollama'] as const)('the provider %s', (name) => {
  const faults = FAULTS.flatMap((fault) => {
    const behaviour = fault[name];
    return behaviour === undefined ? [] : [{ ...fault, behaviour }];
  });
  test.each(faults)(
    'may be one that $name',
    async ({ behaviour, code, words: message, tries = 3, received = [], isSilent = false }) => {
      provider.play(behaviour);
      const { events, error } = await ask(await open(name, { isSilent }), { tools: [tool('add')] });
      expect(error).toMatchObject({ name: 'MeshError', code, message: expect.stringMatching(message) });
      expect(events.map(({ type }) => type)).toEqual(received);
      expect(provider.requests).toHaveLength(tries);
    },
  );

  test.each(ODDITIES)('may be one that sends $name', async (oddity) => {
    provider.play(oddity[name]);
    const { text: message, events, error } = await ask(await open(name));
    expect(error).toBeUndefined();
    expect(message).toBe('Grüße 🌍');
    expect(events.at(-1)).toEqual({ type: 'finish', reason: 'stop' });
  });

  test('may be unreachable, which the error reports with the address', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { error } = await ask(await open(name, { url }));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`cannot be reached at ${url}`),
    });
  });

  test('may recover before its answer has begun', async () => {
    const good = ODDITIES.at(-1)?.[name] ?? silence;
    provider.play(hangUp, text('x', 500), good);
    expect(await ask(await open(name))).toMatchObject({ text: 'Grüße 🌍' });
    expect(provider.requests).toHaveLength(3);
  });

  test('has the breaker of a model opened when that keeps failing, which names the first failure', async () => {
    const models = modelsOf(name);
    const [bad, other] = [await models('bad'), await models('other')];
    provider.play(text('out of memory', 500), text('x', 500));
    for (let i = 0; i < 5; i += 1) await ask(bad);
    const { error } = await ask(bad);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/answered 500: out of memory, again and again; next try in 1 s$/),
    });
    expect(provider.requests).toHaveLength(5);
    // Nor do names that a caller makes up.
    for (let i = 0; i < 8; i += 1) await ask(await models(`made-up-${i}`));
    provider.play(ODDITIES.at(-1)?.[name] ?? silence);
    expect(await ask(other)).toMatchObject({ text: 'Grüße 🌍' });
  });

  test.each([400, 401, 403, 404, 413, 422, 429, 503])('keeps the breaker closed when it answers %i', async (status) => {
    const model = await modelsOf(name)('m');
    provider.play(text('x', status));
    for (let i = 0; i < 7; i += 1) await ask(model);
    expect(provider.requests).toHaveLength(7);
  });

  test('keeps the breaker closed when callers leave', async () => {
    const model = await modelsOf(name)('m');
    provider.play(silence);
    for (let i = 1; i < 7; i += 1) {
      const caller = new AbortController();
      const reply = ask(model, { signal: caller.signal });
      await until(() => provider.requests.length === i);
      caller.abort(new MeshError('upstream_timeout', 'The chat took too long'));
      expect(await reply).toMatchObject({ error: { message: 'The chat took too long' } });
    }
  });
});

test('what is kept of models is bounded: the least recently used is forgotten', () => {
  const of = createPerModel((model) => ({ model }));
  const [first, second] = [of('first'), of('second')];
  for (let i = 0; i < 255; i += 1) of(`made-up-${i}`);
  expect(of('second')).toBe(second);
  expect(of('first')).not.toBe(first);
});

/** Opens models of a middleware that has just started, by their names, without retries. */
function modelsOf(name: ProviderName): (model: string) => Promise<Model> {
  const opened = createProviders(settings({ OPENAI_BASE_URL: provider.url, OLLAMA_HOST: provider.url }))[name];
  return (model) => openGuarded(opened, model);
}
