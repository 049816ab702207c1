import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { readUIMessageStream, type UIMessage, uiMessageChunkSchema } from 'ai';
import { fc } from '@toolmesh/shared/test-kit/property';
import OpenAI from 'openai';
import { encodeJson } from '../../src/encoders/json.ts';
import { createChunkEncoder, encodeCompletion } from '../../src/encoders/openai.ts';
import { createUiEncoder } from '../../src/encoders/ui-stream.ts';
import type { FinishedCall, RunEvent } from '../../src/run/events.ts';

const identity = { session_id: 's', run_id: 'run_1', message_id: 'msg_1', provider: 'demo', model: 'm', trace_id: '' };
const completion = { id: 'chatcmpl-1', created: 1, model: 'm' };

async function* replay(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
}

/** The message that the AI SDK makes of our parts, each of which its own schema accepts. */
async function readUi(events: readonly RunEvent[]) {
  const encode = createUiEncoder(identity);
  const parts = events.flatMap(encode);
  const schema = uiMessageChunkSchema();
  const chunks = await Promise.all(
    parts.map(async (part) => {
      const checked = await schema.validate?.(JSON.parse(JSON.stringify(part)));
      if (checked?.success !== true) throw new Error(`not a chunk: ${JSON.stringify(part)}`);
      return checked.value;
    }),
  );
  const errors: unknown[] = [];
  let message: UIMessage | undefined;
  const stream = ReadableStream.from(chunks);
  for await (const next of readUIMessageStream({ stream, onError: (error) => void errors.push(error) })) message = next;
  return { message, errors, parts };
}

/** The completion that the SDK's stream helper makes of our chunks. */
async function readChunks(events: readonly RunEvent[], includeUsage = true) {
  const encode = createChunkEncoder({ ...completion, includeUsage });
  const frames = events.flatMap(encode).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  const client = new OpenAI({
    apiKey: 'x',
    maxRetries: 0,
    fetch: async () =>
      new Response(`${frames.join('')}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const stream = client.chat.completions.stream({
    model: 'm',
    messages: [],
    stream_options: { include_usage: includeUsage },
  });
  const parts: string[] = [];
  stream.on('content', (delta) => void parts.push(delta));
  return { final: await stream.finalChatCompletion(), text: parts.join('') };
}

const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const args = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(fc.integer(), word, fc.boolean(), fc.constant(null)),
);

function finishedCall(id: string, name: string, input: unknown, kind: number, text: string): FinishedCall {
  const call = { id, name, arguments: input, durationMs: 1, truncated: false };
  const result = { tool: name, is_error: kind === 1, content: [{ type: 'text', text }], duration_ms: 1 };
  if (kind < 2) return { ...call, status: kind === 0 ? 'ok' : 'error', result };
  return {
    ...call,
    status: kind === 2 ? 'denied' : 'timeout',
    result: { error: { code: 'forbidden', message: text } },
  };
}

interface ScriptedCall {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly kind: number;
  readonly output: string;
}
interface ScriptedStep {
  /** A model announces all of its calls, or none. */
  readonly announced: boolean;
  readonly reasoning: readonly string[];
  readonly texts: readonly string[];
  readonly calls: readonly ScriptedCall[];
}

const call: fc.Arbitrary<ScriptedCall> = fc.record({
  name: fc.constantFrom('add', 'fs_read', 'time'),
  input: args,
  kind: fc.integer({ min: 0, max: 3 }),
  output: word,
});
const steps: fc.Arbitrary<readonly ScriptedStep[]> = fc.array(
  fc.record({
    announced: fc.boolean(),
    reasoning: fc.array(word, { maxLength: 2 }),
    texts: fc.array(word, { maxLength: 4 }),
    calls: fc.array(call, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** The events of a run, in the order in which the engine has them. */
function script(scripted: readonly ScriptedStep[], hasExternal: boolean): RunEvent[] {
  const events = scripted.flatMap((step, index) =>
    stepEvents(step, index, hasExternal && index === scripted.length - 1),
  );
  return [...events, { type: 'finish', reason: 'stop' }];
}

function stepEvents(step: ScriptedStep, index: number, isExternal: boolean): RunEvent[] {
  const { announced, reasoning, texts } = step;
  const calls = step.calls.map((made, n) => ({ ...made, id: `call_${index}_${n}` }));
  return [
    { type: 'step', step: index + 1 },
    ...reasoning.map((text): RunEvent => ({ type: 'reasoning', text })),
    ...texts.map((text): RunEvent => ({ type: 'text', text })),
    ...(announced ? calls : []).flatMap(({ id, name, input }): RunEvent[] => [
      { type: 'tool_input_start', id, name },
      { type: 'tool_input_delta', id, text: JSON.stringify(input) },
    ]),
    ...calls.map(({ id, name, input }): RunEvent => ({
      type: 'tool_call',
      id,
      name,
      arguments: input,
      ...(isExternal ? { external: true } : {}),
    })),
    ...(isExternal ? [] : calls.toReversed()).flatMap(({ id, name, input, kind, output }): RunEvent[] => [
      { type: 'tool_output', id, text: output, stream: 'stdout' },
      { type: 'tool_result', call: finishedCall(id, name, input, kind, output) },
    ]),
    { type: 'usage', inputTokens: 3, outputTokens: 2 },
  ];
}

const statusOfPart: Record<string, string> = { 'output-denied': 'denied', 'output-error': 'timeout' };

describe('all encoders', () => {
  test('give the same text and the same calls to the decoders of the formats’ makers', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (scripted, hasExternal) => {
        const events = script(scripted, hasExternal);
        const texts = scripted.map((step) => step.texts.join('')).filter((text) => text !== '');
        const json = await encodeJson(replay(events), identity);
        const { message, errors } = await readUi(events);
        const { final, text } = await readChunks(events);
        const whole = await encodeCompletion(replay(events), completion);

        expect(errors).toEqual([]);
        const parts = message?.parts ?? [];
        expect(parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))).toEqual(texts);
        expect(json.response).toBe(texts.at(-1) ?? '');
        expect(text).toBe(texts.join('\n\n'));
        expect(final.choices[0]?.message.content ?? '').toBe(text);
        expect(whole).toMatchObject({
          choices: [{ finish_reason: final.choices[0]?.finish_reason }],
          usage: final.usage,
        });

        const own = parts.flatMap((part) => (part.type === 'dynamic-tool' ? [part] : []));
        const ran = own.filter(({ state }) => state !== 'input-available');
        expect(ran.map(({ toolCallId, toolName, input }) => [toolCallId, toolName, input])).toEqual(
          json.tool_calls.map(({ id, name, arguments: input }) => [id, name, input]),
        );
        expect(ran.map(({ state }) => statusOfPart[state] ?? 'ran')).toEqual(
          json.tool_calls.map(({ status }) => (status === 'ok' || status === 'error' ? 'ran' : status)),
        );
        const external = own.filter(({ state }) => state === 'input-available');
        const handed = (final.choices[0]?.message.tool_calls ?? []).map(({ id, ...rest }) => {
          if (!('function' in rest)) throw new Error('no function');
          return [id, rest.function.name, JSON.parse(rest.function.arguments)];
        });
        expect(handed).toEqual(external.map(({ toolCallId, toolName, input }) => [toolCallId, toolName, input]));
        const content = text === '' && handed.length > 0 ? null : text;
        expect(whole).toMatchObject({ choices: [{ message: { content } }] });
      }),
      { numRuns: 60 },
    );
  });
});

describe('the UI message stream', () => {
  const start: RunEvent = { type: 'step', step: 1 };

  test('begins with the run’s id and ends with usage and reason', async () => {
    const { message, parts } = await readUi([
      start,
      { type: 'text', text: 'Hi' },
      { type: 'finish', reason: 'max_steps' },
    ]);
    expect(parts[0]).toMatchObject({
      type: 'start',
      messageId: 'msg_1',
      messageMetadata: { run_id: 'run_1', session_id: 's' },
    });
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'data-provider',
      'start-step',
      'text-start',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ]);
    expect(message?.metadata).toMatchObject({ finish_reason: 'max_steps', steps: 1, usage: { total_tokens: 0 } });
  });

  test('shows output of a running tool as transient parts, and a call that was never finished as an error', async () => {
    const { message, parts } = await readUi([
      start,
      { type: 'tool_input_start', id: 'a', name: 'add' },
      { type: 'tool_input_delta', id: 'a', text: '{"n":' },
      { type: 'tool_input_error', id: 'a', name: 'add', message: 'cut off' },
      { type: 'tool_call', id: 'b', name: 'add', arguments: {} },
      { type: 'tool_output', id: 'b', text: '1\n', stream: 'stdout' },
      { type: 'tool_progress', id: 'b', progress: 1, total: 2 },
      { type: 'finish', reason: 'length' },
    ]);
    const transient = parts.filter((part) => 'transient' in part && part.transient);
    expect(transient).toEqual([
      { type: 'data-tool-output', data: { tool_call_id: 'b', text: '1\n', stream: 'stdout' }, transient: true },
      { type: 'data-tool-progress', data: { tool_call_id: 'b', progress: 1, total: 2 }, transient: true },
    ]);
    expect(message?.parts).toContainEqual(
      expect.objectContaining({ type: 'dynamic-tool', toolCallId: 'a', state: 'output-error', errorText: 'cut off' }),
    );
  });

  test('requests approval by the protocol’s own part, with everything that is needed to decide', async () => {
    const approval = {
      id: 'ap',
      callId: 'b',
      name: 'rm',
      arguments: { path: '/' },
      expiresAt: '2026-11-20T12:00:00.000Z',
    };
    const { message } = await readUi([
      start,
      { type: 'tool_call', id: 'b', name: 'rm', arguments: { path: '/' } },
      { type: 'approval_request', approval },
      { type: 'finish', reason: 'stop' },
    ]);
    expect(message?.parts).toMatchObject([
      { type: 'data-provider' },
      { type: 'step-start' },
      { type: 'dynamic-tool', state: 'approval-requested', input: { path: '/' }, approval: { id: 'ap' } },
      { type: 'data-approval', data: { id: 'ap', call_id: 'b', name: 'rm', expires_at: approval.expiresAt } },
    ]);
  });

  test('reports a failure in words and a cancelled run as aborted', async () => {
    const failed = await readUi([
      start,
      { type: 'finish', reason: 'error', error: new MeshError('upstream_failed', 'no model') },
    ]);
    expect(failed.errors).toEqual([new Error('no model')]);
    const aborted = await readUi([start, { type: 'text', text: 'Hal' }, { type: 'finish', reason: 'aborted' }]);
    expect(aborted.parts.map(({ type }) => type)).toContain('abort');
    expect(aborted.message?.parts).toContainEqual(
      expect.objectContaining({ type: 'text', text: 'Hal', state: 'done' }),
    );
  });
});

describe('chat completion chunks', () => {
  const hello: RunEvent[] = [
    { type: 'step', step: 1 },
    { type: 'text', text: 'Hi' },
    { type: 'usage', inputTokens: 3, outputTokens: 2 },
  ];

  test('report the usage only where it was requested', async () => {
    const done: RunEvent[] = [...hello, { type: 'finish', reason: 'budget' }];
    const { final } = await readChunks(done);
    expect(final).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect((await readChunks(done, false)).final.usage).toBeUndefined();
  });

  test('report a failure in the frame that clients throw', async () => {
    const failed: RunEvent[] = [
      ...hello,
      { type: 'finish', reason: 'error', error: new MeshError('upstream_failed', 'it broke') },
    ];
    await expect(readChunks(failed)).rejects.toThrow('it broke');
  });
});
