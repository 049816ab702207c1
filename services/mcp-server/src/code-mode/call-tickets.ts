import { randomBytes } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { currentContext } from '@toolmesh/shared/kit/telemetry/request-context';
import type { Offering } from '../hub-tools/offering.ts';
import type { ClientSession } from '../upstreams/upstream.ts';

/** A call of a tool that runs a program, while it is under way: the calls that the program makes are its caller's. */
export interface ProgramRun {
  /** The part of the catalogue that the caller has. */
  readonly offering: Offering;
  /** The session or the conversation of the caller. */
  readonly session: ClientSession | undefined;
  readonly conversation: unknown;
  /** Aborts when the call has ended. */
  readonly ended: AbortSignal;
}

/**
 * Tickets of calls that run programs. A ticket goes to the sandbox in the baggage of the call (never to the program), and comes
 * back with each call that the program makes. It is good for nothing once the call has ended.
 */
export interface CallTickets {
  /** @param view names the part of the catalogue: lists of equal views are equal */
  issue(view: string, run: Omit<ProgramRun, 'ended'>): { readonly ticket: string; end(): void };
  /**
   * Returns the run that the current request belongs to; undefined for a request of no program.
   * @throws MeshError forbidden for a run that has ended
   */
  current(): ProgramRun | undefined;
}

export function createCallTickets(): CallTickets {
  const runs = new Map<string, ProgramRun>();
  return {
    issue(view, run) {
      const ending = new AbortController();
      const ticket = `${view}.${randomBytes(18).toString('base64url')}`;
      runs.set(ticket, { ...run, ended: ending.signal });
      return {
        ticket,
        end() {
          runs.delete(ticket);
          ending.abort(new MeshError('unavailable', 'The program that made this call has ended'));
        },
      };
    },
    current() {
      const { callTicket, programDepth = 0 } = currentContext() ?? {};
      // Another hub may have a ticket of its own for a call to this one.
      if (callTicket === undefined || programDepth === 0) return undefined;
      const run = runs.get(callTicket);
      if (run !== undefined) return run;
      throw new MeshError('forbidden', 'The program that makes this call has ended, or belongs to another hub');
    },
  };
}
