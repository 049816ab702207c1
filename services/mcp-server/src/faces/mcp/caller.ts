import {
  CLIENT_CAPABILITIES_META_KEY,
  isSpecType,
  LOG_LEVEL_META_KEY,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { ClientCapabilities, McpResult } from '@toolmesh/shared/mcp/protocol';
import { z } from 'zod';
import { type Caller, takesQuestions } from '../../upstreams/upstream.ts';
import { notifierOf, toLogLevel } from './notifier.ts';
import type { SessionState } from './session.ts';

const Anything = z.record(z.string(), z.unknown());
/** Time for the user of a client of 2025 to answer. */
const ANSWER_TIMEOUT_MS = 300_000;

/** Returns the params of a repeated call that answer the questions of its first try. */
export function answersOf({ mcpReq }: ServerContext): McpResult {
  const requestState = mcpReq.requestState();
  return {
    ...(mcpReq.inputResponses === undefined ? {} : { inputResponses: mcpReq.inputResponses }),
    ...(requestState === undefined ? {} : { requestState }),
  };
}

/** Returns the caller of a request, of any era. `session`: the state of a client of 2025. */
export function callerOf(context: ServerContext, server: Server, session: SessionState | undefined): Caller {
  const { mcpReq } = context;
  const { envelope, signal } = mcpReq;
  const isModern = envelope !== undefined;
  const fields = new Map<string, unknown>(Object.entries(envelope ?? {}));
  const capabilities = toCapabilities(fields.get(CLIENT_CAPABILITIES_META_KEY)) ?? server.getClientCapabilities() ?? {};
  const canBeAsked = takesQuestions(capabilities);
  const sessionLevel = session?.logLevel ?? (canBeAsked ? 'info' : undefined);
  const logLevel = isModern ? toLogLevel(fields.get(LOG_LEVEL_META_KEY)) : sessionLevel;
  return {
    signal,
    capabilities,
    takesInputRequired: isModern,
    session,
    logLevel,
    notify: notifierOf({ progressToken: mcpReq._meta?.progressToken, logLevel }, ({ method, params }) => {
      // A caller that is gone cannot be notified; its call ends through the signal.
      mcpReq.notify({ method, ...(params === undefined ? {} : { params }) }).catch(() => {});
    }),
    ask: isModern || session === undefined || !canBeAsked ? undefined : askOver(context),
  };
}

/** Returns the way to put a request to the client while its own request is under way. */
const askOver =
  ({ mcpReq }: ServerContext): NonNullable<Caller['ask']> =>
  ({ method, params }, asking) =>
    mcpReq.send({ method, params }, Anything, {
      signal: AbortSignal.any([mcpReq.signal, asking]),
      timeout: ANSWER_TIMEOUT_MS,
    });

const toCapabilities = (value: unknown): ClientCapabilities | undefined =>
  isSpecType.ClientCapabilities(value) ? Object(value) : undefined;
