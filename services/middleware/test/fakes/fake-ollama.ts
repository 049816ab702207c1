import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';

// oxlint-disable-next-line no-explicit-any -- what a client sent, for tests to look at
type Body = any;

/** A model of the fake server: what `/api/show` says of it, and what it answers to a chat. */
export interface FakeModel {
  readonly capabilities?: readonly string[];
  /** True for an old server that reports no capabilities; its models still refuse what they cannot do. */
  readonly isOld?: boolean;
  /** Number of chats refused as too long regardless of content, as with an unexpected tokenizer. */
  tooLong?: number;
  readonly contextLength?: number;
  /** Lines of an answer; a string is sent as it is. `done` is added unless the answer ends otherwise. */
  readonly answer?: readonly (object | string)[] | ((body: Body) => readonly (object | string)[]);
  readonly doneReason?: string;
  /** End of the answer: complete, cut off, or never. */
  readonly ending?: 'done' | 'cut' | 'hang up' | 'silence';
}

/**
 * An Ollama server as its sources and its users describe it (api/types.go, docs/capabilities, docs/api/errors): NDJSON
 * lines, `thinking` apart from `content`, whole calls that may be spread over lines, `done_reason: "stop"` even for
 * calls, counts in the last line, 400 for what a model cannot do, errors as a line once the answer has begun.
 */
export async function fakeOllama(models: Record<string, FakeModel>) {
  const chats: Body[] = [];
  const probes: string[] = [];
  let abandoned = 0;
  const routes: Record<string, (body: Body, res: ServerResponse) => void> = {
    '/api/tags': (_body, res) =>
      sendJson(res, 200, { models: Object.keys(models).map((name) => ({ name, model: name })) }),
    '/api/show': ({ model }, res) => {
      probes.push(model);
      const found = models[model];
      if (found === undefined) return sendJson(res, 404, { error: `model '${model}' not found` });
      const { capabilities, contextLength, isOld = false } = found;
      const length = contextLength === undefined ? {} : { 'fake.context_length': contextLength };
      const info = { 'general.architecture': 'fake', ...length };
      sendJson(res, 200, { model_info: info, ...(capabilities === undefined || isOld ? {} : { capabilities }) });
    },
    '/api/chat': (body, res) => {
      chats.push(body);
      res.once('close', () => {
        if (!res.writableFinished) abandoned += 1;
      });
      const model = models[body.model];
      if (model === undefined)
        return sendJson(res, 404, { error: `model "${body.model}" not found, try pulling it first` });
      const refusal = refusalOf(body, model);
      if (refusal !== undefined) return sendJson(res, 400, { error: refusal });
      answer(body, model, res);
    },
  };
  const server = await serveRaw((req, res) => {
    void readBody(req).then((body) => {
      const route = routes[req.url ?? ''];
      if (route === undefined) sendJson(res, 404, { error: 'not found' });
      else route(body, res);
    });
  });
  return {
    ...server,
    models,
    /** The bodies of the chats that came. */
    chats,
    /** The models that `/api/show` was asked for. */
    probes,
    /** Number of chats that the client aborted. */
    abandoned: () => abandoned,
  };
}

/** Returns the error for a request beyond the model’s abilities; a model without a list of capabilities can do everything. */
function refusalOf(body: Body, model: FakeModel): string | undefined {
  const can = (ability: string) => model.capabilities?.includes(ability) ?? true;
  if (body.tools?.length > 0 && !can('tools')) return `registry.ollama.ai/library/${body.model} does not support tools`;
  if (body.think && !can('thinking')) return `"${body.model}" does not support thinking`;
  return isTooLong(body, model) ? 'the input length exceeds the context length' : undefined;
}

/** Tells whether the server refuses the length of a prompt; `tooLong` of a model counts refusals down. */
function isTooLong(body: Body, model: FakeModel): boolean {
  const { contextLength = Number.POSITIVE_INFINITY, tooLong = 0 } = model;
  if (tooLong > 0) model.tooLong = tooLong - 1;
  const length = Math.min(body.options?.num_ctx ?? 4_096, contextLength);
  return body.truncate === false && (tooLong > 0 || countTokens(body) > length);
}

/** This server's tokenizer: four characters to a token. */
export const countTokens = ({ messages = [], tools = [] }: Body): number =>
  Math.ceil(JSON.stringify([messages, tools]).length / 4);

function answer(body: Body, model: FakeModel, res: ServerResponse): void {
  const { answer: given = [], doneReason = 'stop', ending = 'done' } = model;
  const said = typeof given === 'function' ? given(body) : given;
  const about = { model: body.model, created_at: '2026-11-21T09:00:00Z' };
  const last = {
    ...about,
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: doneReason,
    total_duration: 5_000_000,
    prompt_eval_count: countTokens(body),
    prompt_eval_duration: 1_000_000,
    eval_count: said.length,
    eval_duration: 2_000_000,
  };
  res.writeHead(200, { 'content-type': 'application/x-ndjson' });
  res.flushHeaders();
  for (const part of said) {
    if (typeof part === 'string') res.write(part);
    else
      res.write(`${JSON.stringify({ ...about, message: { role: 'assistant', content: '', ...part }, done: false })}\n`);
  }
  if (ending === 'done') res.end(`${JSON.stringify(last)}\n`);
  else if (ending === 'cut') res.end();
  else if (ending === 'hang up') setTimeout(() => res.destroy(), 20);
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

async function readBody(req: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : JSON.parse(text);
}
