import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { currentContext, openContext, runInContext } from '@toolmesh/shared/kit/telemetry/request-context';
import type { Recorder } from '@toolmesh/shared/kit/telemetry/span';
import type { ToolCatalogue } from '@toolmesh/shared/kit/tools/tool';
import { parseTraceparent } from '@toolmesh/shared/kit/telemetry/trace-context';
import { withSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import { z } from 'zod';

/** One event as it goes to the client (contract, section 4). */
export type SocketEvent = { readonly event: 'started' | 'progress' | 'chunk' | 'complete' | 'error' } & Readonly<
  Record<string, unknown>
>;

export interface SocketCallsOptions {
  readonly catalogue: ToolCatalogue;
  /** The tool that the socket was opened for. */
  readonly tool: string;
  /** The trace that the socket's request belongs to. */
  readonly traceparent: string | undefined;
  /** Records a span for each call. */
  readonly tracing: Recorder | undefined;
  /** Calls at the same time. */
  readonly maxCalls: number;
  readonly logger: Logger;
  readonly send: (event: SocketEvent) => void;
}

/** The calls of one socket. */
export interface SocketCalls {
  /** Reads what the client said and does it; what is wrong with it is told as an event. */
  hear(text: string): void;
  /** Cancels all that run. Nothing is sent for them any more. */
  cancelAll(reason: MeshError): void;
  /** Refuses further calls from now on. */
  refuseMore(): void;
  readonly active: number;
}

/** Each call of a socket is a span of its own: the socket may stay open for days. */
const SPAN = 'WS /ws/tools/:name';

const Id = z.union([z.string().min(1).max(128), z.int()]);
const Message = z.union([
  z.object({ id: Id, cancel: z.literal(true) }),
  z.object({ id: Id, arguments: z.record(z.string(), z.unknown()).default({}), cancel: z.literal(false).optional() }),
]);
const Named = z.object({ id: Id });

export function createSocketCalls(options: SocketCallsOptions): SocketCalls {
  const { catalogue, tool, traceparent, tracing, maxCalls, logger, send } = options;
  const running = new Map<string | number, AbortController>();
  let isOpen = true;
  let isRefusing = false;

  const tell = (event: SocketEvent): void => {
    if (isOpen) send(event);
  };
  const fail = (id: unknown, error: MeshError, status: 'failed' | 'cancelled' = 'failed'): void =>
    tell({ event: 'error', id, status, ...error.toBody(currentContext()?.requestId) });

  const start = (id: string | number, args: object): void => {
    if (isRefusing) return fail(id, new MeshError('unavailable', 'The service is shutting down'));
    if (running.has(id)) return fail(id, badMessage('this id is in use by a call that still runs; use another'));
    if (running.size >= maxCalls) {
      return fail(id, new MeshError('rate_limited', `This socket runs ${maxCalls} calls already; wait for one to end`));
    }
    const controller = new AbortController();
    running.set(id, controller);
    const parent = { of: parseTraceparent(traceparent) };
    void withSpan(SPAN, 'server', { 'gen_ai.tool.name': tool }, () => run(id, args, controller.signal), parent);
  };

  const run = async (id: string | number, args: object, signal: AbortSignal): Promise<void> => {
    let index = 0;
    tell({ event: 'started', id });
    try {
      const result = await catalogue.call(tool, args, {
        signal,
        isListening: true,
        progress: ({ progress, total, message }) => tell({ event: 'progress', id, progress, total, message }),
        chunk: (data) => tell({ event: 'chunk', id, index: index++, data }),
      });
      running.delete(id);
      tell({ event: 'complete', id, status: result.is_error ? 'error' : 'success', result });
    } catch (thrown) {
      running.delete(id);
      const error = MeshError.from(thrown);
      if (error.code === 'internal') logger.error({ err: thrown, tool }, 'a call over a WebSocket failed');
      if (signal.aborted) fail(id, MeshError.from(signal.reason), 'cancelled');
      else fail(id, error);
    }
  };

  const obey = (text: string): void => {
    const json = parseJson(text);
    const message = Message.safeParse(json);
    if (!message.success) {
      const named = Named.safeParse(json);
      const expected = 'expected JSON: {"id", "arguments"} or {"id", "cancel": true}, the id a string or an integer';
      return fail(named.success ? named.data.id : null, badMessage(expected));
    }
    const { id } = message.data;
    if (message.data.cancel !== true) return start(id, message.data.arguments);
    // One that is not there may just have ended: that was told, and is no fault of the client's.
    running.get(id)?.abort(new MeshError('unavailable', 'The call was cancelled'));
  };

  return {
    // Each message is a request of its own, in the trace of its socket.
    hear: (text) => runInContext(openContext({ traceparent }, tracing), () => obey(text)),
    cancelAll(reason) {
      isOpen = false;
      for (const call of running.values()) call.abort(reason);
    },
    refuseMore() {
      isRefusing = true;
    },
    get active() {
      return running.size;
    },
  };
}

const badMessage = (what: string): MeshError =>
  new MeshError('invalid_request', `The message is not as expected: ${what}`);
