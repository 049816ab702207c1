import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { currentContext, openContext, runInContext } from '@toolmesh/shared/kit/telemetry/request-context';
import type { Recorder } from '@toolmesh/shared/kit/telemetry/span';
import type { ToolCatalogue } from '@toolmesh/shared/kit/tools/tool';
import { parseTraceparent } from '@toolmesh/shared/kit/telemetry/trace-context';
import { withSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import { badMessage, type CallId, decodeMessage } from './socket-message.ts';

/** An event that goes to the client (contract, section 4). */
export type SocketEvent = { readonly event: 'started' | 'progress' | 'chunk' | 'complete' | 'error' } & Readonly<
  Record<string, unknown>
>;

export interface SocketCallsOptions {
  readonly catalogue: ToolCatalogue;
  /** The tool of the socket's URL. */
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
  /** Handles a message of the client. What is wrong with it is answered by an event. */
  receive(text: string): void;
  /** Cancels all that run. Nothing is sent for them any more. */
  cancelAll(reason: MeshError): void;
  /** Refuses further calls from now on. */
  refuseMore(): void;
  readonly active: number;
}

/** Each call of a socket is a span of its own: the socket may stay open for days. */
const SPAN = 'WS /ws/tools/:name';

export function createSocketCalls(options: SocketCallsOptions): SocketCalls {
  const { tool, traceparent, tracing, maxCalls } = options;
  const running = new Map<CallId, AbortController>();
  let isOpen = true;
  let isRefusing = false;
  const send = (event: SocketEvent): void => {
    if (isOpen) options.send(event);
  };

  const refusalOf = (id: CallId): MeshError | undefined => {
    if (isRefusing) return new MeshError('unavailable', 'The service is shutting down');
    if (running.has(id)) return badMessage('this id is in use by a call that still runs; use another');
    if (running.size < maxCalls) return undefined;
    return new MeshError('rate_limited', `This socket runs ${maxCalls} calls already; wait for one to end`);
  };
  const start = (id: CallId, args: object): void => {
    const refusal = refusalOf(id);
    if (refusal !== undefined) return send(failure(id, refusal));
    const controller = new AbortController();
    running.set(id, controller);
    const run = async () => {
      const call = { id, args, signal: controller.signal };
      const last = await runCall(options, call, send);
      running.delete(id);
      send(last);
    };
    const parent = { of: parseTraceparent(traceparent) };
    void withSpan({ name: SPAN, kind: 'server', attributes: { 'gen_ai.tool.name': tool }, parent }, run);
  };
  const handle = (text: string): void => {
    const message = decodeMessage(text);
    if (message.type === 'invalid') return send(failure(message.id, message.error));
    if (message.type === 'call') return start(message.id, message.args);
    // One that is not running may just have ended, which is no fault of the client's.
    running.get(message.id)?.abort(new MeshError('unavailable', 'The call was cancelled'));
  };

  return {
    // Each message is a request of its own, in the trace of its socket.
    receive: (text) => runInContext(openContext({ traceparent }, tracing), () => handle(text)),
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

interface Call {
  readonly id: CallId;
  readonly args: object;
  readonly signal: AbortSignal;
}

/** Runs a call and sends its events but the last one, which it returns. */
async function runCall(
  { catalogue, tool, logger }: SocketCallsOptions,
  { id, args, signal }: Call,
  send: (event: SocketEvent) => void,
): Promise<SocketEvent> {
  let index = 0;
  send({ event: 'started', id });
  try {
    const result = await catalogue.call(tool, args, {
      signal,
      wantsProgress: true,
      progress: ({ progress, total, message }) => send({ event: 'progress', id, progress, total, message }),
      chunk: (data) => send({ event: 'chunk', id, index: index++, data }),
    });
    return { event: 'complete', id, status: result.is_error ? 'error' : 'success', result };
  } catch (thrown) {
    const error = MeshError.from(thrown);
    if (error.code === 'internal') logger.error({ err: thrown, tool }, 'a call over a WebSocket failed');
    return signal.aborted ? failure(id, MeshError.from(signal.reason), 'cancelled') : failure(id, error);
  }
}

const failure = (id: CallId | null, error: MeshError, status: 'failed' | 'cancelled' = 'failed'): SocketEvent => ({
  event: 'error',
  id,
  status,
  ...error.toBody(currentContext()?.requestId),
});
