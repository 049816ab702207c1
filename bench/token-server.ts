import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { portOf } from '@toolmesh/shared/kit/http/listen';

/** A model's server of zero delay, in this process: what it writes and what comes out at the other end share a clock. */
export interface TokenServer {
  readonly url: string;
  close(): void;
}

/** Starts a model server. Models by name: `tool` calls a tool and then answers in one word, `tokens-N` streams N words at 50 a second. */
export async function startTokenServer(): Promise<TokenServer> {
  const server = createServer((req, res) => void answer(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => server.closeAllConnections() };
}

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string }[];
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part);
  if (req.method !== 'POST') return void res.writeHead(200, JSON_TYPE).end('{"object":"list","data":[]}');
  const asked: Asked = JSON.parse(Buffer.concat(parts).toString());
  const hasResult = asked.messages.at(-1)?.role === 'tool';
  if (asked.stream !== true) return void res.writeHead(200, JSON_TYPE).end(whole(asked.model === 'tool' && !hasResult));
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  if (asked.model === 'tool' && !hasResult) return callTool(res);
  const count = Number(/^tokens-(\d+)$/.exec(asked.model)?.[1] ?? 1);
  if (count === 1) return finish(res, 1);
  speakers.push({ res, left: count });
  if (ticking === undefined) ticking = setInterval(tick, TICK_MS);
}

const JSON_TYPE = { 'content-type': 'application/json' };
const TOKEN_MS = 20;
/** Streams speak in turns, as those of many callers would: a quarter of them at a time. */
const TICK_MS = TOKEN_MS / 4;

const speakers: { readonly res: ServerResponse; left: number }[] = [];
let ticking: NodeJS.Timeout | undefined;
let turn = 0;
let due = 0;

function tick(): void {
  const now = performance.now();
  due = Math.max(due, now - TOKEN_MS);
  // A timer that fires late is made up for, so that the rate stays what it is said to be.
  for (; due <= now; due += TICK_MS) {
    turn = (turn + 1) % 4;
    for (const [index, speaker] of speakers.entries()) if (index % 4 === turn) speak(speaker);
  }
  for (let index = speakers.length - 1; index >= 0; index -= 1) {
    if ((speakers[index]?.left ?? 0) <= 0) speakers.splice(index, 1);
  }
  if (speakers.length > 0) return;
  clearInterval(ticking);
  ticking = undefined;
}

function speak(speaker: (typeof speakers)[number]): void {
  if (speaker.left <= 0) return;
  speaker.left -= 1;
  if (speaker.left === 0) finish(speaker.res, 1);
  else speaker.res.write(token());
}

/** A word that says when it was written, in microseconds. */
const token = () => frame({ content: `@${Math.round(performance.now() * 1_000)} ` });

const frame = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

function finish(res: ServerResponse, tokens: number): void {
  for (let n = 0; n < tokens; n += 1) res.write(token());
  res.end(`${frame({}, 'stop')}data: [DONE]\n\n`);
}

const CALL = {
  id: 'call_1',
  type: 'function',
  function: { name: 'get_current_time', arguments: '{"timezone":"UTC"}' },
};

function callTool(res: ServerResponse): void {
  res.end(`${frame({ tool_calls: [{ index: 0, ...CALL }] })}${frame({}, 'tool_calls')}data: [DONE]\n\n`);
}

function whole(isCall: boolean): string {
  const message = isCall
    ? { role: 'assistant', content: '', tool_calls: [CALL] }
    : { role: 'assistant', content: 'Hi' };
  const choices = [{ index: 0, message, finish_reason: isCall ? 'tool_calls' : 'stop' }];
  return JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices });
}
