import { CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY, ProtocolError } from '@modelcontextprotocol/client';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { MeshError } from '../kit/faults/errors.ts';
import type { createLeanFetch, LeanAnswer } from '../kit/http/lean-fetch.ts';
import { parseJson } from '../kit/json/parse-json.ts';
import { VERSION } from '../kit/service/version.ts';
import { encodeHeaderValue } from './header-value.ts';
import type { McpRequest, McpResult, SendRequest } from './protocol.ts';
import { createRequestClocks } from './request-clocks.ts';
import { requestMeta } from './request-meta.ts';

const REVISION = '2026-07-28';
const ENVELOPE = {
  [PROTOCOL_VERSION_META_KEY]: REVISION,
  [CLIENT_INFO_META_KEY]: { name: 'toolmesh', version: VERSION },
};

export interface ModernExchangeOptions {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: URL;
  readonly http: ReturnType<typeof createLeanFetch>;
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
      const answer = await http.post(url, text, own, clock.signal);
      const response = await readAnswer(answer, id, (notification) => {
        clock.restart();
        const { progressToken: _ours, ...rest } = notification.params;
        from.notify?.({ method: notification.method, params: rest });
      });
      return resultOf(response ?? refuse(name, answer.statusCode));
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
    throw ProtocolError.fromError(code, message, data);
  }
  const { resultType, ...result } = response.result;
  return resultType === 'input_required' ? { resultType, ...result } : result;
}

async function readAnswer(
  answer: LeanAnswer,
  id: number,
  onNotification: (notification: z.output<typeof Notification>) => void,
) {
  const type = String(answer.headers['content-type']);
  if (type.startsWith('text/event-stream')) return readEvents(answer, id, onNotification);
  return toResponse(parseJson(await answer.body.text()), id);
}

function refuse(name: string, status: number): never {
  if (status === 503) throw new MeshError('unavailable', `${name} answered with status ${status}`);
  const what = status === 200 ? 'ended its answer before it was complete' : `answered with status ${status}`;
  throw new MeshError('upstream_failed', `${name} ${what}`);
}

async function readEvents(
  answer: LeanAnswer,
  id: number,
  onNotification: (notification: z.output<typeof Notification>) => void,
) {
  let response: Response | undefined;
  const parser = createParser({
    onEvent: ({ data }) => {
      const message = parseJson(data);
      response ??= toResponse(message, id);
      const notification = Notification.safeParse(message);
      if (notification.success) onNotification(notification.data);
    },
  });
  for await (const piece of answer.body.setEncoding('utf8')) {
    parser.feed(String(piece));
    // Nothing after the answer belongs to a request.
    if (response !== undefined) break;
  }
  return response;
}

/** Returns `message` if it is the answer to request `id`. A refusal need not name the request. */
function toResponse(message: unknown, id: number): Response | undefined {
  const success = Success.safeParse(message);
  if (success.success) return success.data.id === id ? success.data : undefined;
  const failure = Failure.safeParse(message);
  return failure.success && (failure.data.id ?? id) === id ? failure.data : undefined;
}
