import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  isSpecType,
  LOG_LEVEL_META_KEY,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Caller, McpNotification, McpResult } from '../upstreams/upstream.ts';
import type { SessionState } from './mcp-sessions.ts';

const Anything = z.record(z.string(), z.unknown());
/** How long a user of 2025's clients may think about a question. */
const ANSWER_TIMEOUT_MS = 300_000;

/** From the least to the most severe (RFC 5424). */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

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
    notify: notifierOf(context, logLevel),
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
const toLogLevel = (told: unknown) => LOG_LEVELS.find((level) => level === told);

function notifierOf({ mcpReq }: ServerContext, logLevel: string | undefined): Caller['notify'] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined && logLevel === undefined) return undefined;
  const wanted = logLevel === undefined ? [] : LOG_LEVELS.slice(LOG_LEVELS.findIndex((level) => level === logLevel));
  return ({ method, params }: McpNotification) => {
    const isProgress = method === 'notifications/progress';
    if (isProgress && progressToken === undefined) return;
    // Upstreams of 2025 do not know what this caller wants, for they are asked over a connection of all.
    if (method === 'notifications/message' && !wanted.some((level) => level === params?.['level'])) return;
    // A caller that is gone cannot be told; its call ends through the signal.
    mcpReq.notify({ method, params: { ...params, ...(isProgress && { progressToken }) } }).catch(() => {});
  };
}
