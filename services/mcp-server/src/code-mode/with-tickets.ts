import { currentContext, openContext, runInContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { givenTools, runsPrograms } from '@toolmesh/shared/kit/tools/program-tools';
import { CONVERSATION_META_KEY } from '@toolmesh/shared/mcp/meta';
import type { McpRequest } from '@toolmesh/shared/mcp/protocol';
import type { Offering } from '../hub-tools/offering.ts';
import type { CallTickets } from './call-tickets.ts';

/**
 * Gives each call that runs a program with tools a ticket: what the program calls is then called in this offering, and in
 * the session of the caller. A ticket that came with a request goes no further.
 */
export function withTickets(offering: Offering, tickets: CallTickets, view: string): Offering {
  const ticketed: Offering = {
    ...offering,
    async request(request, caller) {
      const { callTicket, ...context } = currentContext() ?? openContext({});
      if (!mayCallTools(request, offering)) {
        return callTicket === undefined
          ? offering.request(request, caller)
          : runInContext(context, () => offering.request(request, caller));
      }
      const { [CONVERSATION_META_KEY]: conversation }: Record<string, unknown> = Object(request.params['_meta']);
      const { ticket, end } = tickets.issue(view, { offering: ticketed, session: caller.session, conversation });
      try {
        return await runInContext({ ...context, callTicket: ticket }, () => offering.request(request, caller));
      } finally {
        end();
      }
    },
  };
  return ticketed;
}

function mayCallTools({ method, params }: McpRequest, offering: Offering): boolean {
  if (method !== 'tools/call' || givenTools(params['arguments']) === undefined) return false;
  const tool = offering.tool(String(params['name']));
  return tool !== undefined && runsPrograms(tool.inputSchema);
}

/** Serves requests that come with the ticket of a run from the offering of that run, and others from `offering`. */
export function byTicket(offering: Offering, tickets: CallTickets): Offering {
  const current = (): Offering => tickets.current()?.offering ?? offering;
  return {
    ...offering,
    offer: () => current().offer(),
    tool: (name) => current().tool(name),
    async request(request, caller) {
      const run = tickets.current();
      if (run === undefined) return offering.request(request, caller);
      const { session, conversation, ended } = run;
      const { [CONVERSATION_META_KEY]: _, ...meta }: Record<string, unknown> = Object(request.params['_meta']);
      const named = conversation === undefined ? meta : { ...meta, [CONVERSATION_META_KEY]: conversation };
      const signal = AbortSignal.any([caller.signal, ended]);
      return run.offering.request(
        { ...request, params: { ...request.params, _meta: named } },
        { ...caller, session, signal },
      );
    },
  };
}
