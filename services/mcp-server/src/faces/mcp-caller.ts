import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  isSpecType,
  LOG_LEVEL_META_KEY,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Caller, McpResult } from '../upstreams/upstream.ts';
import { notifierOf, toLogLevel } from './mcp-notifier.ts';
import type { SessionState } from './mcp-sessions.ts';

const Anything = z.record(z.string(), z.unknown());
/** How long a user of 2025's clients may think about a question. */
const ANSWER_TIMEOUT_MS = 300_000;

/** What a call that is made again brings: the answers to the questions that its first try led to. */
export function answersOf({ mcpReq }: ServerContext): McpResult {
  const requestState = mcpReq.requestState();
  return {
    ...(mcpReq.inputResponses === undefined ? {} : { inputResponses: mcpReq.inputResponses }),
    ...(requestState === undefined ? {} : { requestState }),
  };
}

/** Whoever makes the request, of whatever era. `session`: what a client of 2025 has said before. */
export function callerOf(context: ServerContext, server: Server, session: SessionState | undefined): Caller {
  const { mcpReq } = context;
  const { envelope, signal } = mcpReq;
  const isModern = envelope !== undefined;
  const told = new Map<string, unknown>(Object.entries(envelope ?? {}));
  const capabilities = toCapabilities(told.get(CLIENT_CAPABILITIES_META_KEY)) ?? server.getClientCapabilities() ?? {};
  const canBeAsked = (capabilities.elicitation ?? capabilities.sampling ?? capabilities.roots) !== undefined;
  const logLevel = isModern
    ? toLogLevel(told.get(LOG_LEVEL_META_KEY))
    : (session?.logLevel ?? (canBeAsked ? 'info' : undefined));
  return {
    signal,
    capabilities,
    takesInputRequired: isModern,
    session,
    logLevel,
    notify: notifierOf({ progressToken: mcpReq._meta?.progressToken, logLevel }, ({ method, params }) => {
      // A caller that is gone cannot be told; its call ends through the signal.
      mcpReq.notify({ method, ...(params === undefined ? {} : { params }) }).catch(() => {});
    }),
    ask:
      isModern || session === undefined || !canBeAsked
        ? undefined
        : (request, asking) =>
            mcpReq.send({ method: request.method, params: request.params }, Anything, {
              signal: AbortSignal.any([signal, asking]),
              timeout: ANSWER_TIMEOUT_MS,
            }),
  };
}

const toCapabilities = (told: unknown): ClientCapabilities | undefined =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just checked; the guard's type is that of the input
  isSpecType.ClientCapabilities(told) ? (told as ClientCapabilities) : undefined;
