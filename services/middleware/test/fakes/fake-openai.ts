import type { ServerResponse } from 'node:http';
import { type Behaviour, fakeProvider } from './fake-provider.ts';

export interface FakeCall {
  readonly id?: string;
  readonly name: string;
  readonly args: unknown;
}

/** One scripted answer of a fake OpenAI server. */
export interface FakeAnswer {
  readonly text?: readonly string[];
  readonly calls?: readonly FakeCall[];
  readonly finish?: string;
  readonly usage?: readonly [number, number];
  /** Runs between the first and the second piece of text. */
  readonly pause?: () => Promise<unknown>;
}

/** An OpenAI server that says what a test wrote down, streamed or whole as it is asked; the last answer repeats. */
export async function fakeOpenAi(...answers: FakeAnswer[]) {
  const server = await fakeProvider(answers.map(speak));
  return {
    ...server,
    env: { LLM_PROVIDER: 'openai', OPENAI_API_KEY: 'key', OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_MODEL: 'fake' },
  };
}

export function speak(answer: FakeAnswer): Behaviour {
  return (res, { body, path }) => {
    if (path.endsWith('/models')) return void res.writeHead(200, JSON_TYPE).end('{"object":"list","data":[]}');
    if (body?.stream === true) void stream(res, answer);
    else void whole(res, answer);
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const BASE = { id: 'chatcmpl-1', created: 1, model: 'fake' };

function callOf({ id = 'call_1', name, args }: FakeCall) {
  return {
    id,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  };
}

const reasonOf = ({ finish, calls = [] }: FakeAnswer) => finish ?? (calls.length > 0 ? 'tool_calls' : 'stop');
const usageOf = ({ usage: [input, output] = [3, 2] }: FakeAnswer) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
});

async function whole(res: ServerResponse, answer: FakeAnswer): Promise<void> {
  await answer.pause?.();
  const { text = [], calls = [] } = answer;
  const message = {
    role: 'assistant',
    content: text.join(''),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(callOf) }),
  };
  const choices = [{ index: 0, message, finish_reason: reasonOf(answer) }];
  res
    .writeHead(200, JSON_TYPE)
    .end(JSON.stringify({ ...BASE, object: 'chat.completion', choices, usage: usageOf(answer) }));
}

async function stream(res: ServerResponse, answer: FakeAnswer): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (body: object) =>
    void res.write(`data: ${JSON.stringify({ ...BASE, object: 'chat.completion.chunk', ...body })}\n\n`);
  const delta = (part: object, finish_reason: string | null = null) =>
    send({ choices: [{ index: 0, delta: part, finish_reason }] });
  delta({ role: 'assistant', content: '' });
  for (const [index, content] of (answer.text ?? []).entries()) {
    if (index === 1) await answer.pause?.();
    delta({ content });
  }
  for (const [index, call] of (answer.calls ?? []).entries()) {
    const { function: called, ...head } = callOf(call);
    delta({ tool_calls: [{ index, ...head, function: { name: called.name, arguments: '' } }] });
    delta({ tool_calls: [{ index, function: { arguments: called.arguments } }] });
  }
  delta({}, reasonOf(answer));
  send({ choices: [], usage: usageOf(answer) });
  res.end('data: [DONE]\n\n');
}
