import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { servePage } from '../../src/routes/page.ts';

/** One `POST /chat` under way, for a test to play the model. */
export interface ChatCall {
  // oxlint-disable-next-line no-explicit-any -- tests assert on shapes; that is where a wrong one shows
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
  /** Sends events of the UI message stream. */
  send(...events: readonly object[]): void;
  /** Writes to the stream as it stands. */
  write(raw: string): void;
  /** Resolves when the page has closed the stream. */
  readonly closed: Promise<unknown>;
  /** Ends the connection without a word. */
  cut(): void;
  /** Answers with an error of the contract instead of a stream. */
  refuse(status: number, code: string, message: string, headers?: Record<string, string>): void;
}

type Play = (call: ChatCall) => Promise<void> | void;

export interface Seen {
  readonly method: string;
  readonly path: string;
  // oxlint-disable-next-line no-explicit-any -- as above
  readonly body: any;
}

const HEALTHY = {
  status: 'healthy',
  service: 'middleware',
  services: {
    mcp_server: { status: 'healthy' },
    llm: { status: 'healthy', provider: 'openai', reason: 'OPENAI_API_KEY is set' },
  },
};

/** A middleware of the test's making: the page as it is served, and an API that does what the test says. */
export async function startBackend() {
  const seen: Seen[] = [];
  const plays: Play[] = [];
  const page = servePage();
  const state = {
    key: undefined as string | undefined,
    health: HEALTHY as object,
    isUp: true,
    keepsSessions: true,
    sessions: new Map<string, { title: string; messages: object[]; updated_at: string }>(),
    tools: [] as object[],
    models: [] as object[],
    execute: (_name: string, _parameters: unknown, _approval?: string): { status: number; body: object } => ({
      status: 200,
      body: {},
    }),
  };

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = req.url ?? '/';
    if (!state.isUp) return void req.socket.destroy();
    if (path === '/' || path.startsWith('/assets/')) return page['/']?.(req, res, () => res.writeHead(404).end());
    const body = await readBody(req);
    seen.push({ method: req.method ?? '', path, body });
    const json = (status: number, value: object, headers: Record<string, string> = {}) =>
      void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    const fail = (status: number, code: string, message: string, headers?: Record<string, string>) =>
      json(status, { error: { code, message, request_id: 'r1' } }, headers);

    if (path === '/health') return json(200, state.health);
    if (state.key !== undefined && req.headers['x-api-key'] !== state.key)
      return fail(401, 'unauthorized', 'A key is required');
    if (path === '/chat') return play(req, res, body, fail);
    if (path === '/tools') return json(200, { tools: state.tools });
    if (path === '/v1/models') return json(200, { object: 'list', data: state.models });
    if (path === '/execute') {
      const { status, body: result } = state.execute(body.name, body.parameters, body.approval);
      return json(status, result);
    }
    if (/^\/runs\/[\w-]+\/cancel$/.test(path)) return json(200, { status: 'cancelled' });
    if (path.startsWith('/sessions') && state.keepsSessions) return answerSessions(req.method ?? '', path, json, fail);
    return fail(404, 'not_found', `No such route: ${path}`);
  };

  const answerSessions = (
    method: string,
    path: string,
    json: (status: number, value: object) => void,
    fail: (status: number, code: string, message: string) => void,
  ): void => {
    const [, id, isExport] = /^\/sessions\/([\w-]+)(\/export\?format=\w+)?$/.exec(path) ?? [];
    if (id === undefined) {
      const sessions = [...state.sessions].map(([session_id, { title, updated_at, messages }]) => ({
        session_id,
        title,
        updated_at,
        message_count: messages.length,
      }));
      return json(200, { sessions });
    }
    const session = state.sessions.get(id);
    if (session === undefined) return fail(404, 'not_found', 'No such session');
    if (method === 'DELETE') state.sessions.delete(id);
    if (isExport !== undefined) return json(200, { exported: session.title });
    return json(200, { session_id: id, messages: session.messages });
  };

  /** A conversation is in the list from its first message on; what is in it, a test says. */
  const keep = (id: string, title = 'Untitled'): void => {
    if (!state.keepsSessions || state.sessions.has(id)) return;
    state.sessions.set(id, { title, updated_at: new Date().toISOString(), messages: [] });
  };

  const play = async (
    req: IncomingMessage,
    res: ServerResponse,
    // oxlint-disable-next-line no-explicit-any -- as above
    body: any,
    refuse: ChatCall['refuse'],
  ): Promise<void> => {
    const next = plays.shift();
    if (next === undefined) return refuse(500, 'internal', 'The test has no answer for this');
    keep(body.session_id, body.message);
    const write = (raw: string) => {
      if (!res.headersSent) {
        res.writeHead(200, { 'content-type': 'text/event-stream', 'x-vercel-ai-ui-message-stream': 'v1' });
      }
      if (!res.destroyed) res.write(raw);
    };
    await next({
      body,
      headers: req.headers,
      write,
      send: (...events) => write(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')),
      closed: once(res, 'close'),
      cut: () => void res.destroy(),
      refuse,
    });
    if (!res.writableEnded && !res.destroyed) res.end();
  };

  const server = await serveRaw((req, res) => {
    answer(req, res).catch((error: unknown) => {
      process.stderr.write(`fake backend: ${String(error)}\n`);
      res.destroy();
    });
  });

  return {
    ...server,
    state,
    seen,
    /** Returns the requests of the page to a path so far. */
    asked: (path: string) => seen.filter((each) => each.path === path),
    /** Plays the next answers of `/chat`, in this order. */
    plays: (...next: readonly Play[]) => void plays.push(...next),
  };
}

export type Backend = Awaited<ReturnType<typeof startBackend>>;

async function readBody(req: IncomingMessage) {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
}

/** The first and the last events of a run; what comes between is the test's. */
export const begun = (run = 'run_1', session = 's1') => [
  { type: 'start', messageId: 'm1', messageMetadata: { run_id: run, session_id: session } },
  { type: 'data-provider', data: { provider: 'openai', model: 'gpt-5-mini' } },
  { type: 'start-step' },
];
export const ended = (finishReason = 'stop') => [
  { type: 'finish-step' },
  { type: 'data-usage', data: { input_tokens: 1_200, output_tokens: 34, total_tokens: 1_234 } },
  { type: 'finish', finishReason },
];

/** A stretch of text, whole. */
export const said = (text: string, id = 't1') => [
  { type: 'text-start', id },
  { type: 'text-delta', id, delta: text },
  { type: 'text-end', id },
];

/** A play that says one thing. */
export const says =
  (text: string): Play =>
  ({ send, write }) => {
    send(...begun(), ...said(text), ...ended());
    write('data: [DONE]\n\n');
  };
