import type { ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';

/** One scripted answer: text, tool calls, or an error status. */
export interface FakeAnswer {
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly arguments: object }[];
  readonly status?: number;
  /** Message sent with an error status. */
  readonly message?: string;
}

export const FAKE_MODEL = 'fake-model';

/** A server that speaks OpenAI's chat completions, streamed or whole as it is asked, and says what `next` says. */
export function serveFakeOpenAi(
  next: (body: { readonly messages: readonly { role: string }[] }) => FakeAnswer | Promise<FakeAnswer>,
) {
  return serveRaw((req, res) => {
    if (req.method === 'GET') return answerJson(res, 200, { object: 'list', data: [{ id: FAKE_MODEL }] });
    void json(req).then(async (received) => {
      const body = JSON.parse(JSON.stringify(received));
      const { text = '', calls = [], status = 200, message = 'as the test wants it' } = await next(body);
      if (status !== 200) return answerJson(res, status, { error: { message } });
      const tool_calls = calls.map(({ name, arguments: args }, index) => ({
        index,
        id: `call_${index}`,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      }));
      const said = { role: 'assistant', content: text, ...(calls.length === 0 ? {} : { tool_calls }) };
      const finish_reason = calls.length === 0 ? 'stop' : 'tool_calls';
      const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
      const about = { id: 'chatcmpl-1', created: 1, model: FAKE_MODEL };
      if (body.stream !== true) {
        const choices = [{ index: 0, message: said, finish_reason }];
        return answerJson(res, 200, { ...about, object: 'chat.completion', choices, usage });
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = (rest: object) =>
        res.write(`data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', ...rest })}\n\n`);
      chunk({ choices: [{ index: 0, delta: said, finish_reason: null }] });
      chunk({ choices: [{ index: 0, delta: {}, finish_reason }] });
      chunk({ choices: [], usage });
      res.end('data: [DONE]\n\n');
    });
  });
}

function answerJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
