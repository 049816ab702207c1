import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import {
  classifyInboundRequest,
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  type EventStore,
  INVALID_PARAMS,
  isInitializeRequest,
  type JSONRPCMessage,
  METHOD_NOT_FOUND,
  ProtocolError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { portOf } from '@toolmesh/shared/kit/http/listen';
import express, { type Request, type Response } from 'express';
import { z } from 'zod';
import { complete, getPrompt, PROMPTS, readResource, RESOURCES, TEMPLATES } from './fixture-offer.ts';
import { ASKING_TOOLS } from './fixture-questions.ts';
import type { FixtureCall, FixtureTools, Question, Result } from './fixture-tool.ts';
import { PLAIN_TOOLS } from './fixture-tools.ts';

/** The requests that came in. */
export interface Seen {
  readonly method: string;
  readonly params: Record<string, unknown>;
  readonly headers: Headers | undefined;
  readonly signal: AbortSignal;
}

export interface Fixture {
  readonly url: string;
  readonly port: number;
  /** Every request that was passed on to a handler. */
  readonly seen: readonly Seen[];
  /** Sessions that are open, of 2025 clients. */
  readonly sessions: number;
  stop(graceMs?: number): Promise<void>;
}

export type Era = 'modern' | 'legacy';

interface Shared {
  readonly seen: Seen[];
  readonly added: { tools: number; prompts: number };
  readonly notify: {
    toolsChanged(): void;
    promptsChanged(): void;
    resourceUpdated(uri: string): void;
  };
}

interface Session {
  readonly server: Server;
  readonly transport: NodeStreamableHTTPServerTransport;
  readonly subscribed: Set<string>;
}

const TOOLS: FixtureTools = { ...PLAIN_TOOLS, ...ASKING_TOOLS };
const Params = { params: z.looseObject({}) };
const Anything = z.record(z.string(), z.unknown());

/**
 * An MCP server with everything that the conformance suite asks for, of 2026-07-28 without state, and of 2025 with
 * sessions and streams that can be taken up again; of both on one URL, or of one alone.
 */
export async function startFixture({ eras = ['modern', 'legacy'], port = 0 }: FixtureOptions = {}): Promise<Fixture> {
  const sessions = new Map<string, Session>();
  const tell = async (task: (session: Session) => Promise<void>) => {
    await Promise.allSettled([...sessions.values()].map(task));
  };
  const shared: Shared = {
    seen: [],
    added: { tools: 0, prompts: 0 },
    notify: {
      toolsChanged() {
        modern.notify.toolsChanged();
        void tell(({ server }) => server.sendToolListChanged());
      },
      promptsChanged() {
        modern.notify.promptsChanged();
        void tell(({ server }) => server.sendPromptListChanged());
      },
      resourceUpdated(uri) {
        modern.notify.resourceUpdated(uri);
        void tell(async ({ server, subscribed }) => {
          if (subscribed.has(uri)) await server.sendResourceUpdated({ uri });
        });
      },
    },
  };
  const modern = createMcpHandler(() => serverFor(shared), { legacy: 'reject' });
  const serveModern = toNodeHandler(modern);

  const openSession = async (req: Request, res: Response): Promise<void> => {
    const subscribed = new Set<string>();
    const server = serverFor(shared, subscribed);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: 100,
      onsessioninitialized: (id) => void sessions.set(id, { server, transport, subscribed }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport);
    await transport.handleRequest(req, res, req.body);
  };

  const app = express();
  app.use(express.json({ limit: '4mb' }));
  app.all('/mcp', (req, res, next) => {
    if (!/^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(req.headers.host ?? '')) return void res.sendStatus(403);
    const isModern = !isOfLegacyEra(req);
    if (eras.includes('modern') && (isModern || !eras.includes('legacy'))) return void serveModern(req, res, req.body);
    const id = req.get('mcp-session-id');
    const session = id === undefined ? undefined : sessions.get(id);
    if (session !== undefined) return void session.transport.handleRequest(req, res, req.body).catch(next);
    if (id === undefined && isInitializeRequest(req.body)) return void openSession(req, res).catch(next);
    const error = { code: -32_000, message: id === undefined ? 'No session' : 'Session not found' };
    res.status(id === undefined ? 400 : 404).json({ jsonrpc: '2.0', error, id: null });
  });
  const http = createServer(app);
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  const bound = portOf(http);
  return {
    url: `http://127.0.0.1:${bound}/mcp`,
    port: bound,
    seen: shared.seen,
    get sessions() {
      return sessions.size;
    },
    async stop() {
      await modern.close();
      await tell(({ server }) => server.close());
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

/** Era by what a request says; what says nothing that makes sense is left to the modern side, which refuses it. */
function isOfLegacyEra(req: Request): boolean {
  const version = req.get('mcp-protocol-version');
  const method = req.get('mcp-method');
  const route = classifyInboundRequest({
    httpMethod: req.method,
    body: req.body,
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    ...(method === undefined ? {} : { mcpMethodHeader: method }),
  });
  return route.kind === 'legacy';
}

export interface FixtureOptions {
  /** Default: both. */
  readonly eras?: readonly Era[];
  readonly port?: number;
}

/** A question that ends its call, which is made anew with the answer. */
class Unanswered extends Error {
  readonly questions: Readonly<Record<string, Question>>;
  readonly requestState: string | undefined;

  constructor(questions: Readonly<Record<string, Question>>, requestState: string | undefined) {
    super('the caller is asked first');
    this.questions = questions;
    this.requestState = requestState;
  }
}

function serverFor(shared: Shared, subscribed?: Set<string>): Server {
  const { added, notify, seen } = shared;
  const hint = { ttlMs: 1_000, cacheScope: 'public' } as const;
  const server = new Server(
    { name: 'fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
      },
      cacheHints: { 'tools/list': hint, 'prompts/list': hint, 'resources/list': hint, 'resources/read': hint },
    },
  );
  const callOf = (args: unknown, context: ServerContext): FixtureCall => ({
    args: Object(args),
    context,
    capabilities: Object(toldOf(context)[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities()),
    state: context.mcpReq.requestState(),
    ask: (questions, state) => ask(context, questions, state),
    async changeTools() {
      added.tools += 1;
      notify.toolsChanged();
    },
    async changePrompts() {
      added.prompts += 1;
      notify.promptsChanged();
    },
    async updateResource(uri) {
      notify.resourceUpdated(uri);
    },
  });

  /** Handles a request as it comes, noted down. */
  const handle = (method: string, answer: (params: Result, context: ServerContext) => Promise<Result> | Result) => {
    server.setRequestHandler(method, Params, async (params, context) => {
      seen.push({ method, params, headers: context.http?.req?.headers, signal: context.mcpReq.signal });
      try {
        return await answer(params, context);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        const { questions, requestState } = error;
        const state = requestState === undefined ? {} : { requestState };
        return { resultType: 'input_required', inputRequests: questions, ...state };
      }
    });
  };

  handle('tools/list', () => ({ tools: [...listOf(TOOLS), ...extras('extra_tool', added.tools)] }));
  handle('tools/call', (params, context) => {
    const tool = TOOLS[String(params['name'])];
    if (tool === undefined) throw new ProtocolError(INVALID_PARAMS, `There is no tool ${String(params['name'])}`);
    return tool.run(callOf(params['arguments'], context));
  });
  handle('prompts/list', () => ({ prompts: [...PROMPTS, ...extras('extra_prompt', added.prompts)] }));
  handle('prompts/get', (params, context) => {
    const name = String(params['name']);
    if (!PROMPTS.some((prompt) => prompt.name === name)) throw new ProtocolError(INVALID_PARAMS, `No prompt ${name}`);
    return getPrompt(name, Object(params['arguments']), callOf(params['arguments'], context));
  });
  handle('resources/list', () => ({ resources: RESOURCES }));
  handle('resources/templates/list', () => ({ resourceTemplates: TEMPLATES }));
  handle('resources/read', (params) => readResource(String(params['uri'])));
  handle('completion/complete', (params) => complete(String(Object(params['argument']).value)));
  handle('resources/subscribe', (params) => {
    if (subscribed === undefined) throw new ProtocolError(METHOD_NOT_FOUND, 'Of another era');
    subscribed.add(String(params['uri']));
    return {};
  });
  handle('resources/unsubscribe', (params) => {
    subscribed?.delete(String(params['uri']));
    return {};
  });
  return server;
}

/** The envelope of a request of 2026-07-28. */
const toldOf = ({ mcpReq }: ServerContext): Result => ({ ...mcpReq.envelope });

const listOf = (tools: FixtureTools) =>
  Object.entries(tools).map(([name, { run: _run, inputSchema = { type: 'object' }, ...described }]) => ({
    name,
    inputSchema,
    ...described,
  }));

const extras = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `${name}_${index + 1}`,
    description: 'Was not there before',
    ...(name === 'extra_tool' ? { inputSchema: { type: 'object' } } : {}),
  }));

async function ask({ mcpReq }: ServerContext, questions: Readonly<Record<string, Question>>, state?: string) {
  const answers: Record<string, Result> = {};
  for (const [key, question] of Object.entries(questions)) {
    const { method, params } = question;
    const answer = Anything.safeParse(
      mcpReq.envelope === undefined ? await mcpReq.send({ method, params }, Anything) : mcpReq.inputResponses?.[key],
    ).data;
    if (answer === undefined || !fits(answer, question)) throw new Unanswered(questions, state);
    answers[key] = answer;
  }
  return answers;
}

/** Returns whether an accepted form has all required fields. */
function fits(answer: Result, { method, params }: Question): boolean {
  if (method !== 'elicitation/create' || answer['action'] !== 'accept') return true;
  const required: unknown = Object(params['requestedSchema']).required;
  return Array.isArray(required) && required.every((key) => String(key) in Object(answer['content']));
}

/** Keeps what was sent, so that a stream that broke can be taken up where it was. */
function createEventStore(): EventStore {
  const events: { readonly streamId: string; readonly message: JSONRPCMessage }[] = [];
  const idOf = (index: number) => String(index).padStart(8, '0');
  return {
    storeEvent: async (streamId, message) => idOf(events.push({ streamId, message }) - 1),
    getStreamIdForEventId: async (eventId) => events[Number(eventId)]?.streamId,
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = events[Number(lastEventId)]?.streamId ?? '';
      for (const [index, event] of events.entries()) {
        const isMessage = Object.keys(event.message).length > 0;
        if (index > Number(lastEventId) && event.streamId === streamId && isMessage) {
          await send(idOf(index), event.message);
        }
      }
      return streamId;
    },
  };
}
