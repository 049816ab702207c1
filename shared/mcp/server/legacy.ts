import type { ClientCapabilities, McpRequest, McpResult } from '../protocol.ts';
import { readCapabilities } from './capabilities.ts';
import { toLegacyResult, toLegacyTools } from './legacy-results.ts';
import type { ClientSession, McpCaller, McpService } from './mcp-service.ts';
import { notificationText, type Outcome, type RequestMessage } from './messages.ts';
import { notifierOf, toLogLevel } from './notifier.ts';
import { negotiate } from './revisions.ts';
import {
  hasMethod,
  invalidParams,
  listOf,
  passOn,
  type ReplyChannel,
  type ServeDeps,
  unknownMethod,
} from './serve-request.ts';

/** Spoken with a client that has not said what it speaks. */
const LATEST = '2025-11-25';

/** A client before 2026-07-28, as its handshake and its settings describe it. */
export interface LegacyClient {
  /** Undefined until it is known. */
  revision: string | undefined;
  capabilities: ClientCapabilities;
  /** The lowest level of log messages to send. Undefined until the client sets one. */
  logLevel: string | undefined;
  /** Undefined for a client without a session: nothing reaches it but answers. */
  readonly session?: LegacySession;
}

/** The part of a session that requests need. */
export interface LegacySession extends ClientSession {
  /** Puts a request to the client, on the channel of its own request where that is possible. */
  ask(request: McpRequest, channel: ReplyChannel): Promise<McpResult>;
  /** Returns whether a request could be put to the client. */
  canAsk(channel: ReplyChannel): boolean;
  subscribe(uri: string): void;
  unsubscribe(uri: string): void;
}

/** Returns a client that has said nothing of itself, or nothing but its revision. */
export const newClient = (session?: LegacySession, revision?: string): LegacyClient => ({
  revision,
  capabilities: {},
  logLevel: undefined,
  ...(session === undefined ? {} : { session }),
});

export interface LegacyRequestContext {
  readonly client: LegacyClient;
  readonly channel: ReplyChannel;
}

/** Answers a request of the revisions before 2026-07-28. Never throws. */
export async function serveLegacy(
  deps: ServeDeps,
  message: RequestMessage,
  { client, channel }: LegacyRequestContext,
): Promise<Outcome> {
  const { service } = deps;
  const { method, params } = message;
  const own = OWN_METHODS.get(method)?.(service, params, client);
  if (own !== undefined) return own;
  if (!hasMethod(service, method)) return unknownMethod(method);
  if (method === 'tools/list') return { result: { tools: toLegacyTools(service.offer().tools) } };
  const list = listOf(service, method);
  if (list !== undefined) return { result: list };
  const caller = callerOf(params['_meta'], { client, channel });
  const revision = client.revision ?? LATEST;
  const outcome = await passOn(deps, { request: { method, params }, caller, revision });
  if ('error' in outcome || method !== 'tools/call') return outcome;
  return { result: toLegacyResult(outcome.result, service.tool(String(params['name']))) };
}

type OwnMethod = (service: McpService, params: McpRequest['params'], client: LegacyClient) => Outcome | undefined;

const MAX_URI_LENGTH = 2_048;
const DONE: Outcome = { result: {} };

/** The methods that no service sees. Undefined: the service does not have this one. */
const OWN_METHODS: ReadonlyMap<string, OwnMethod> = new Map<string, OwnMethod>([
  ['initialize', initialize],
  ['ping', () => DONE],
  ['logging/setLevel', setLevel],
  ['resources/subscribe', subscription((session, uri) => session.subscribe(uri))],
  ['resources/unsubscribe', subscription((session, uri) => session.unsubscribe(uri))],
]);

function initialize(
  { info, capabilities, instructions }: McpService,
  params: McpRequest['params'],
  client: LegacyClient,
): Outcome {
  const { protocolVersion, capabilities: given = {} } = params;
  if (typeof protocolVersion !== 'string') return invalidParams('protocolVersion: must be a string');
  const declared = readCapabilities(given);
  if (declared === undefined) return invalidParams('capabilities: must be an object of objects');
  client.revision = negotiate(protocolVersion);
  client.capabilities = declared;
  return {
    result: {
      protocolVersion: client.revision,
      capabilities,
      serverInfo: info,
      ...(instructions === undefined ? {} : { instructions }),
    },
  };
}

function setLevel(
  { capabilities }: McpService,
  { level }: McpRequest['params'],
  client: LegacyClient,
): Outcome | undefined {
  if (!Object.hasOwn(capabilities, 'logging')) return undefined;
  const known = toLogLevel(level);
  if (known === undefined) return invalidParams('level: must be a log level');
  client.logLevel = known;
  return DONE;
}

function subscription(change: (session: LegacySession, uri: string) => void): OwnMethod {
  return ({ capabilities }, { uri }, { session }) => {
    if (capabilities['resources']?.['subscribe'] !== true) return undefined;
    if (typeof uri !== 'string') return invalidParams('uri: must be a string');
    if (uri.length > MAX_URI_LENGTH) return invalidParams(`uri: must have at most ${MAX_URI_LENGTH} characters`);
    if (session !== undefined) change(session, uri);
    return DONE;
  };
}

/** Returns whether a client with these capabilities answers requests of a server. */
const takesQuestions = ({ elicitation, sampling, roots }: ClientCapabilities): boolean =>
  (elicitation ?? sampling ?? roots) !== undefined;

function callerOf(meta: unknown, { client, channel }: LegacyRequestContext): McpCaller {
  const { capabilities, session } = client;
  const { signal, send } = channel;
  const mayAsk = session !== undefined && takesQuestions(capabilities);
  const logLevel = client.logLevel ?? (mayAsk ? 'info' : undefined);
  const { progressToken }: { progressToken?: unknown } = Object(meta);
  const notify =
    send === undefined
      ? undefined
      : notifierOf({ progressToken, logLevel }, (notification) => send(notificationText(notification)));
  return {
    signal,
    capabilities,
    takesInputRequired: false,
    session,
    logLevel,
    notify,
    ask:
      mayAsk && session.canAsk(channel)
        ? (request, asking) => session.ask(request, { signal: AbortSignal.any([signal, asking]), send })
        : undefined,
  };
}
