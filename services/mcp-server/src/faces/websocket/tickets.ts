import { randomBytes } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';

/** Tickets that open one WebSocket each: browsers cannot send headers with one, and a key in an address is logged. */
export interface Tickets {
  /** @throws MeshError rate_limited while as many are open as may be */
  issue(): Ticket;
  /** Takes a ticket back. Returns whether it was issued here, has not been used and is not too old. */
  redeem(ticket: string): boolean;
}

const Ticket = z.object({
  ticket: z.string().describe('For `?ticket=` of one WebSocket'),
  expires_at: z.iso.datetime(),
});
export type Ticket = z.output<typeof Ticket>;

const LIFETIME_MS = 30_000;
const MAX_OPEN = 10_000;

export function createTickets(now: () => number = Date.now): Tickets {
  /** The end of each one's time; the oldest come first. */
  const open = new Map<string, number>();
  const dropExpired = (): void => {
    for (const [ticket, endsAt] of open) {
      if (endsAt > now()) return;
      open.delete(ticket);
    }
  };
  return {
    issue() {
      dropExpired();
      if (open.size >= MAX_OPEN) {
        throw new MeshError('rate_limited', `${MAX_OPEN} tickets are open; use them, or wait until they end`);
      }
      const ticket = randomBytes(32).toString('base64url');
      const endsAt = now() + LIFETIME_MS;
      open.set(ticket, endsAt);
      return { ticket, expires_at: new Date(endsAt).toISOString() };
    },
    redeem(ticket) {
      const endsAt = open.get(ticket) ?? 0;
      open.delete(ticket);
      return endsAt > now();
    },
  };
}

/** `POST /ws/tickets` (contract, section 4). */
export const ticketRoute = (tickets: Tickets): Route =>
  defineRoute({
    method: 'post',
    path: '/ws/tickets',
    summary: 'A ticket that opens one WebSocket within 30 seconds, for clients that cannot send a header with it',
    response: Ticket,
    handle: () => tickets.issue(),
  });
