import { randomUUID } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { INVALID_PARAMS, type McpRequest, type McpResult, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import { z } from 'zod';
import type { Caller } from '../upstream.ts';
import { type PendingCall, startPendingCall } from './pending-call.ts';

/** Calls that wait for answers of their callers. */
export interface PendingCalls {
  /** Runs `call` until it ends or asks something. Then it waits, and the caller gets `input_required`. */
  begin(caller: Caller, call: (asking: Caller) => Promise<McpResult>): Promise<McpResult>;
  /** Continues the call whose answers `request` brings. Undefined if it brings none for a call of ours. */
  resume(request: McpRequest, caller: Caller): Promise<McpResult> | undefined;
  close(): void;
}

interface Entry {
  readonly call: PendingCall;
  expiry?: NodeJS.Timeout;
}

const MAX_PENDING = 256;
/** Time for a user to answer. */
const ANSWER_TIMEOUT_MS = 300_000;

const Responses = z.record(z.string(), z.record(z.string(), z.unknown())).default({});

/**
 * Lets servers of 2025, which ask while a call runs, serve callers of 2026-07-28, which are asked by a result and answer
 * by another call. The state is a handle that cannot be guessed. A hub that has restarted does not know it any more, and
 * makes the call anew.
 */
export function createPendingCalls(): PendingCalls {
  const entries = new Map<string, Entry>();
  // A handle of another hub, before or behind this one, is not ours to judge.
  const prefix = `pending-${randomUUID()}-`;

  const drop = (handle: string, reason: MeshError): void => {
    const entry = entries.get(handle);
    entries.delete(handle);
    clearTimeout(entry?.expiry);
    entry?.call.stop(reason);
  };
  const expire = (handle: string) =>
    drop(handle, new MeshError('upstream_timeout', `No answer came within ${ANSWER_TIMEOUT_MS} ms`));

  /** Waits for the end of a call or its next question, whichever comes first. */
  const next = async (handle: string, entry: Entry, caller: Caller): Promise<McpResult> => {
    const leave = () => drop(handle, new MeshError('unavailable', 'The caller went away'));
    caller.signal.addEventListener('abort', leave, { once: true });
    try {
      const result = await entry.call.next(caller.notify);
      if (result !== undefined) {
        entries.delete(handle);
        return result;
      }
    } catch (error) {
      entries.delete(handle);
      throw error;
    } finally {
      caller.signal.removeEventListener('abort', leave);
    }
    entry.expiry = setTimeout(expire, ANSWER_TIMEOUT_MS, handle).unref();
    return { resultType: 'input_required', inputRequests: entry.call.questions(), requestState: handle };
  };

  return {
    begin(caller, run) {
      if (entries.size >= MAX_PENDING) {
        throw new MeshError('unavailable', `${MAX_PENDING} calls wait for answers of their callers already`);
      }
      const handle = prefix + randomUUID();
      const entry = { call: startPendingCall(caller, run) };
      entries.set(handle, entry);
      return next(handle, entry, caller);
    },
    resume({ params }, caller) {
      const handle = params['requestState'];
      if (typeof handle !== 'string' || !handle.startsWith(prefix)) return undefined;
      const entry = entries.get(handle);
      if (entry === undefined) {
        throw new ProtocolError(INVALID_PARAMS, 'This call is not pending any more; call again without requestState');
      }
      clearTimeout(entry.expiry);
      entry.call.answer(Responses.safeParse(params['inputResponses']).data ?? {});
      return next(handle, entry, caller);
    },
    close() {
      for (const handle of entries.keys()) drop(handle, new MeshError('unavailable', 'The hub is stopping'));
    },
  };
}
