import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import {
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  SdkError,
  SdkErrorCode,
} from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { createLeanFetch, LeanAnswer } from '@toolmesh/shared/kit/http/lean-fetch';
import { encodeHeaderValue } from '@toolmesh/shared/mcp/param-headers';
import { VERSION } from '@toolmesh/shared/kit/service/version';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import type { Clocks } from './connection.ts';
import { requestMeta } from './request-meta.ts';
import type { Caller, McpRequest, McpResult } from '../upstream.ts';

const REVISION = '2026-07-28';
const ENVELOPE = {
  [PROTOCOL_VERSION_META_KEY]: REVISION,
  [CLIENT_INFO_META_KEY]: { name: 'toolmesh', version: VERSION },
};

/** One request of 2026-07-28, which needs nothing but an HTTP exchange: what comes on it is for this caller alone. */
export type Exchange = (
  request: McpRequest,
  caller: Caller,
  clocks: Clocks,
  headers?: Readonly<Record<string, string>>,
) => Promise<McpResult>;

/**
 * Requests to a server of 2026-07-28, straight over HTTP. The SDK's client would do, but checks every message against
 * the whole protocol, which costs more than all the rest of a call; a hub passes on what it gets.
 */
export function createModernExchange(name: string, http: ReturnType<typeof createLeanFetch>, url: URL): Exchange {
  let lastId = 0;
  return async ({ method, params }, caller, clocks, headers = {}) => {
    const id = (lastId += 1);
    const _meta = { ...requestMeta(params['_meta'], caller, true), ...ENVELOPE, progressToken: id };
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } });
    const clock = startClock(caller.signal, clocks);
    try {
      const own = { ...STANDARD_HEADERS, 'mcp-method': method, ...nameHeader(params), ...headers };
      const answer = await http.post(url, text, own, clock.signal);
      const heard = await readAnswer(answer, id, ({ method: told, params: fields }) => {
        clock.reset();
        const { progressToken: _ours, ...rest } = fields;
        caller.notify?.({ method: told, params: rest });
      });
      const response = heard ?? refuse(name, answer.statusCode);
      if ('error' in response) {
        const { code, message, data } = response.error;
        throw ProtocolError.fromError(code, message, data);
      }
      const { resultType, ...result } = response.result;
      return resultType === 'input_required' ? { resultType, ...result } : result;
    } catch (error) {
      clock.signal.throwIfAborted();
      throw error;
    } finally {
      clock.stop();
    }
  };
}

const STANDARD_HEADERS = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': REVISION };

function nameHeader({ name, uri }: McpRequest['params']): Record<string, string> {
  const named = name ?? uri;
  return typeof named === 'string' ? { 'mcp-name': encodeHeaderValue(named) } : {};
}

/** Aborts with the caller, after too long a silence, and after too long a time in all. */
function startClock(caller: AbortSignal, { idleMs, totalMs }: Clocks) {
  const controller = new AbortController();
  const late = () => controller.abort(new SdkError(SdkErrorCode.RequestTimeout, 'Request timed out'));
  const leave = () => controller.abort(caller.reason);
  const started = performance.now();
  const leftMs = () => Math.min(idleMs, totalMs - (performance.now() - started));
  let timer = setTimeout(late, leftMs());
  caller.addEventListener('abort', leave, { once: true });
  if (caller.aborted) leave();
  return {
    signal: controller.signal,
    reset() {
      clearTimeout(timer);
      timer = setTimeout(late, leftMs());
    },
    stop() {
      clearTimeout(timer);
      caller.removeEventListener('abort', leave);
    },
  };
}

const Id = z.union([z.string(), z.number()]);
const Failure = z.object({
  id: Id.nullish(),
  error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }),
});
const Success = z.object({ id: Id, result: z.looseObject({ resultType: z.string().optional() }) });
const Told = z.object({ method: z.string(), params: z.record(z.string(), z.unknown()).default({}) });
type Response = z.output<typeof Failure> | z.output<typeof Success>;

async function readAnswer(answer: LeanAnswer, id: number, onTold: (told: z.output<typeof Told>) => void) {
  const type = String(answer.headers['content-type']);
  if (type.startsWith('text/event-stream')) return readEvents(answer, id, onTold);
  return toResponse(parseJson(await answer.body.text()), id);
}

function refuse(name: string, status: number): never {
  if (status === 503) throw new MeshError('unavailable', `${name} answered with status ${status}`);
  const what = status === 200 ? 'ended its answer before it was complete' : `answered with status ${status}`;
  throw new MeshError('upstream_failed', `${name} ${what}`);
}

async function readEvents(answer: LeanAnswer, id: number, onTold: (told: z.output<typeof Told>) => void) {
  let response: Response | undefined;
  const parser = createParser({
    onEvent: ({ data }) => {
      const message = parseJson(data);
      response ??= toResponse(message, id);
      const told = Told.safeParse(message);
      if (told.success) onTold(told.data);
    },
  });
  for await (const piece of answer.body.setEncoding('utf8')) {
    parser.feed(String(piece));
    // What comes after the answer is for nobody.
    if (response !== undefined) break;
  }
  return response;
}

/** The answer to request `id`; a refusal need not name it. */
function toResponse(message: unknown, id: number): Response | undefined {
  const success = Success.safeParse(message);
  if (success.success) return success.data.id === id ? success.data : undefined;
  const failure = Failure.safeParse(message);
  return failure.success && (failure.data.id ?? id) === id ? failure.data : undefined;
}
