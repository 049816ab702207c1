import { z } from 'zod';
import { MeshError } from '../kit/faults/errors.ts';
import { HttpStatusError } from '../kit/faults/resilience.ts';
import type { HttpAnswer } from '../kit/http/connections.ts';
import { isEventStream } from '../kit/http/fetch-adapter.ts';
import type { LeanFetch } from '../kit/http/lean-fetch.ts';
import { readEvents } from '../kit/http/sse.ts';
import { isDeepJson } from '../kit/json/depth.ts';
import { parseJson } from '../kit/json/parse-json.ts';
import { VERSION } from '../kit/service/version.ts';
import { statusError, tooDeep } from './errors.ts';
import { encodeHeaderValue } from './param-headers.ts';
import { type McpRequest, type McpResult, ProtocolError, type SendRequest } from './protocol.ts';
import { createRequestClocks } from './request-clocks.ts';
import { requestMeta } from './meta.ts';

const REVISION = '2026-07-28';
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': REVISION,
  'io.modelcontextprotocol/clientInfo': { name: 'toolmesh', version: VERSION },
};

export interface ModernExchangeOptions {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: URL;
  readonly http: LeanFetch;
}

/**
 * Returns the way to send requests to a server of 2026-07-28, straight over HTTP: all that comes on an exchange is for
 * its caller alone. The SDK's client would do, but it checks every message against the whole protocol, which costs more
 * than all the rest of a call.
 */
export function createModernExchange({ name, url, http }: ModernExchangeOptions): SendRequest {
  const clocks = createRequestClocks();
  let lastId = 0;
  return async ({ method, params }, { from, timeouts, headers = {} }) => {
    const id = (lastId += 1);
    const _meta = { ...requestMeta(params['_meta'], from, true), ...ENVELOPE, progressToken: id };
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } });
    const clock = clocks.start(from.signal, timeouts);
    try {
      const own = { ...STANDARD_HEADERS, 'mcp-method': method, ...nameHeader(params), ...headers };
      const answer = await http.post(url, text, { headers: own, signal: clock.signal });
      const response = await readAnswer({ name, answer, id }, (notification) => {
        clock.restart();
        const { progressToken: _ours, ...rest } = notification.params;
        from.notify?.({ method: notification.method, params: rest });
      });
      return resultOf(response);
    } catch (error) {
      clock.signal.throwIfAborted();
      throw error;
    } finally {
      clock.release();
    }
  };
}

const STANDARD_HEADERS = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': REVISION };

function nameHeader({ name, uri }: McpRequest['params']): Record<string, string> {
  const named = name ?? uri;
  return typeof named === 'string' ? { 'mcp-name': encodeHeaderValue(named) } : {};
}

const Id = z.union([z.string(), z.number()]);
const Failure = z.object({
  id: Id.nullish(),
  error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }),
});
const Success = z.object({ id: Id, result: z.looseObject({ resultType: z.string().optional() }) });
const Notification = z.object({ method: z.string(), params: z.record(z.string(), z.unknown()).default({}) });
type Response = z.output<typeof Failure> | z.output<typeof Success>;

function resultOf(response: Response): McpResult {
  if ('error' in response) {
    const { code, message, data } = response.error;
    throw new ProtocolError(code, message, data);
  }
  const { resultType, ...result } = response.result;
  return resultType === 'input_required' ? { resultType, ...result } : result;
}

type OnNotification = (notification: z.output<typeof Notification>) => void;

interface Exchange {
  readonly name: string;
  readonly id: number;
  readonly answer: HttpAnswer;
}

/** Returns the response to request `id`. @throws MeshError for an answer without one */
async function readAnswer(exchange: Exchange, onNotification: OnNotification): Promise<Response> {
  const { answer, id, name } = exchange;
  if (!isEventStream(answer)) {
    const message = parseMessage(name, await answer.body.text());
    return toResponse(message, id) ?? refuse(exchange, message);
  }
  for await (const { data } of readEvents(answer.body)) {
    const message = parseMessage(name, data);
    const response = toResponse(message, id);
    // Nothing after the response belongs to a request.
    if (response !== undefined) return response;
    const notification = Notification.safeParse(message);
    if (notification.success) onNotification(notification.data);
  }
  return refuse(exchange);
}

function parseMessage(name: string, text: string): unknown {
  const message = parseJson(text);
  if (message === undefined && isDeepJson(text)) throw tooDeep(name);
  return message;
}

/** Services of ours refuse a request with an error of ours; what is wrong with it is its caller's affair. */
function refuse({ name, answer: { statusCode: status } }: Exchange, body?: unknown): never {
  const received = MeshError.fromBody(body);
  if (received?.code === 'invalid_request') {
    throw new MeshError('invalid_request', `${name} refused the request: ${received.message}`);
  }
  if (status !== 200) throw statusError(name, status, new HttpStatusError(status));
  throw new MeshError('upstream_failed', `${name} ended its answer before it was complete`);
}

/** Returns `message` if it is the answer to request `id`. A refusal need not name the request. */
function toResponse(message: unknown, id: number): Response | undefined {
  const success = Success.safeParse(message);
  if (success.success) return success.data.id === id ? success.data : undefined;
  const failure = Failure.safeParse(message);
  return failure.success && (failure.data.id ?? id) === id ? failure.data : undefined;
}
