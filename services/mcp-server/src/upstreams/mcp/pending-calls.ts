import { randomUUID } from 'node:crypto';
import { INVALID_PARAMS, ProtocolError } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';
import type { Caller, McpRequest, McpResult } from '../upstream.ts';

/** Calls that wait for an answer of their caller. */
export interface ParkedCalls {
  /** Runs `call` until it ends or asks something; then it waits, and the caller gets `input_required`. */
  begin(caller: Caller, call: (asking: Caller) => Promise<McpResult>): Promise<McpResult>;
  /** Goes on with the call whose answers `request` brings; undefined when it brings none of ours. */
  resume(request: McpRequest, caller: Caller): Promise<McpResult> | undefined;
  close(): void;
}

interface Parked {
  /** Settles when the call itself ends. */
  readonly ended: Promise<McpResult>;
  readonly stop: AbortController;
  /** Questions without an answer, by their key. */
  readonly open: Map<string, { readonly request: McpRequest; readonly answer: (answer: McpResult) => void }>;
  /** Settles when there is a question. */
  asked: PromiseWithResolvers<void>;
  notify: Caller['notify'];
  expiry: NodeJS.Timeout | undefined;
}

const MAX_PARKED = 256;
/** How long a user may think. */
const PATIENCE_MS = 300_000;

const Responses = z.record(z.string(), z.record(z.string(), z.unknown())).default({});

/**
 * Lets servers of 2025, which ask while a call runs, serve callers of 2026-07-28, which are asked by a result and
 * answer by another call. The state is a handle that cannot be guessed. A hub that has been restarted knows it no more,
 * and makes the call anew.
 */
export function createParkedCalls(): ParkedCalls {
  const parked = new Map<string, Parked>();
  // A handle of another hub, before or behind this one, is not ours to judge.
  const prefix = `parked-${randomUUID()}-`;

  const drop = (handle: string, call: Parked, reason: MeshError): void => {
    parked.delete(handle);
    clearTimeout(call.expiry);
    call.stop.abort(reason);
  };

  /** What comes first: the end, or a question. */
  const next = async (handle: string, call: Parked, caller: Caller): Promise<McpResult> => {
    const leave = () => drop(handle, call, new MeshError('unavailable', 'The caller went away'));
    caller.signal.addEventListener('abort', leave, { once: true });
    call.notify = caller.notify;
    try {
      const result = await Promise.race([call.ended, call.asked.promise]);
      if (result !== undefined) {
        parked.delete(handle);
        return result;
      }
    } catch (error) {
      parked.delete(handle);
      throw error;
    } finally {
      caller.signal.removeEventListener('abort', leave);
      call.notify = undefined;
    }
    const late = new MeshError('upstream_timeout', `No answer came within ${PATIENCE_MS} ms`);
    call.expiry = setTimeout(() => drop(handle, call, late), PATIENCE_MS).unref();
    const questions = [...call.open].map(([key, { request }]) => [key, request] as const);
    return { resultType: 'input_required', inputRequests: Object.fromEntries(questions), requestState: handle };
  };

  return {
    begin(caller, run) {
      if (parked.size >= MAX_PARKED) {
        throw new MeshError('unavailable', `${MAX_PARKED} calls wait for answers of their callers already`);
      }
      const handle = prefix + randomUUID();
      const stop = new AbortController();
      const open: Parked['open'] = new Map();
      let questions = 0;
      const asking: Caller = {
        ...caller,
        signal: stop.signal,
        takesInputRequired: false,
        notify: caller.notify && ((notification) => call.notify?.(notification)),
        ask: (request, taken) =>
          new Promise((answer) => {
            const key = `q${(questions += 1)}`;
            open.set(key, { request, answer });
            // What the upstream does not want to know any more need not be answered.
            taken.addEventListener('abort', () => open.delete(key), { once: true });
            call.asked.resolve();
          }),
      };
      const ended = run(asking);
      ended.catch(() => {});
      const call: Parked = {
        ended,
        stop,
        open,
        asked: Promise.withResolvers<void>(),
        notify: caller.notify,
        expiry: undefined,
      };
      parked.set(handle, call);
      return next(handle, call, caller);
    },
    resume({ params }, caller) {
      const handle = params['requestState'];
      if (typeof handle !== 'string' || !handle.startsWith(prefix)) return undefined;
      const call = parked.get(handle);
      if (call === undefined) {
        throw new ProtocolError(INVALID_PARAMS, 'This call waits no longer; make it anew without requestState');
      }
      clearTimeout(call.expiry);
      const responses = Responses.safeParse(params['inputResponses']).data ?? {};
      for (const [key, { answer }] of call.open) {
        const response = responses[key];
        if (response === undefined) continue;
        call.open.delete(key);
        answer(response);
      }
      if (call.open.size === 0) call.asked = Promise.withResolvers<void>();
      return next(handle, call, caller);
    },
    close: () => {
      for (const [handle, call] of parked) drop(handle, call, new MeshError('unavailable', 'The hub is stopping'));
    },
  };
}
