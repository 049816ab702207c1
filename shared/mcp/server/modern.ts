import { isRecord } from '../../kit/json/is-record.ts';
import { type ClientCapabilities, type McpResult, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from '../protocol.ts';
import { readCapabilities } from './capabilities.ts';
import type { McpCaller, McpService } from './mcp-service.ts';
import { notificationText, type Outcome, refusal, type Refusal, type RequestMessage } from './messages.ts';
import { isId } from '../request-id.ts';
import { notifierOf, toLogLevel } from './notifier.ts';
import { MODERN_REVISION } from './revisions.ts';
import {
  hasMethod,
  invalidParams,
  listOf,
  passOn,
  type ReplyChannel,
  type ServeDeps,
  unknownMethod,
} from './serve-request.ts';

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT_KEY = 'io.modelcontextprotocol/clientInfo';
const LEVEL_KEY = 'io.modelcontextprotocol/logLevel';
const SERVER_KEY = 'io.modelcontextprotocol/serverInfo';

/** The revision that a request names in its `_meta`, which makes it one of the era without handshake. */
export function claimedRevision({ params }: Pick<RequestMessage, 'params'>): unknown {
  const { _meta } = params;
  return isRecord(_meta) ? _meta[VERSION_KEY] : undefined;
}

/** All that a request says of its sender. */
export interface Envelope {
  readonly revision: string;
  readonly capabilities: ClientCapabilities;
  readonly logLevel: string | undefined;
  readonly progressToken: unknown;
  /** The rest of `_meta`, which is passed on. */
  readonly meta: McpResult;
}

const BAD_REQUEST = 400;
const NOT_FOUND = 404;

/** Reads the envelope of a request: `_meta` by the rules of 2026-07-28. */
export function readEnvelope({ params }: Pick<RequestMessage, 'params'>): Envelope | Refusal {
  const { _meta } = params;
  const wrong = (key: string, expected: string) => invalidParams(`_meta["${key}"]: ${expected}`, BAD_REQUEST);
  if (!isRecord(_meta))
    return invalidParams('_meta: is missing; this revision needs it with each request', BAD_REQUEST);
  const {
    [VERSION_KEY]: version,
    [CAPABILITIES_KEY]: given,
    [CLIENT_KEY]: client,
    [LEVEL_KEY]: level,
    progressToken,
    ...meta
  } = _meta;
  if (typeof version !== 'string') return wrong(VERSION_KEY, 'must be a string');
  const capabilities = readCapabilities(given);
  if (capabilities === undefined) return wrong(CAPABILITIES_KEY, 'must be an object of objects');
  if (client !== undefined && !isClientInfo(client)) return wrong(CLIENT_KEY, 'must have a name and a version');
  const logLevel = toLogLevel(level);
  if (level !== undefined && logLevel === undefined) return wrong(LEVEL_KEY, 'must be a log level');
  if (progressToken !== undefined && !isId(progressToken))
    return wrong('progressToken', 'must be a string or a number');
  return { revision: version, capabilities, logLevel, progressToken, meta };
}

const isClientInfo = (value: unknown): boolean =>
  isRecord(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string';

/** Returns the refusal of a revision that is not spoken here. */
export function unsupportedRevision(requested: string, supported: readonly string[]): Refusal {
  const message = `Unsupported protocol version: ${requested.slice(0, 64)}; supported: ${supported.join(', ')}`;
  const data = { supported, requested: requested.slice(0, 64) };
  return refusal({ code: UNSUPPORTED_VERSION, message, data }, BAD_REQUEST);
}

/** Answers a request of 2026-07-28 whose envelope has been read. Never throws. */
export async function serveModern(
  deps: ServeDeps,
  message: RequestMessage,
  { envelope, channel }: { readonly envelope: Envelope; readonly channel: ReplyChannel },
): Promise<Outcome> {
  const { service } = deps;
  const { method, params } = message;
  if (method === 'server/discover') return { result: discover(service) };
  if (!hasMethod(service, method)) return unknownMethod(method, NOT_FOUND);
  const list = listOf(service, method);
  if (list !== undefined) return { result: complete(service, { ...list, ...cacheOf(service) }) };
  const request = { method, params: { ...params, _meta: envelope.meta } };
  const outcome = await passOn(deps, { request, caller: callerOf(envelope, channel), revision: MODERN_REVISION });
  if ('error' in outcome) {
    return outcome.error.code === MISSING_CAPABILITY ? { ...outcome, status: BAD_REQUEST } : outcome;
  }
  const { result } = outcome;
  return { result: complete(service, method === 'resources/read' ? { ...UNCACHED, ...result } : result) };
}

function callerOf({ capabilities, logLevel, progressToken }: Envelope, { signal, send }: ReplyChannel): McpCaller {
  const notify =
    send === undefined
      ? undefined
      : notifierOf({ progressToken, logLevel }, (notification) => send(notificationText(notification)));
  return { signal, capabilities, takesInputRequired: true, logLevel, notify };
}

const cacheOf = ({ listTtlMs }: McpService) => ({ ttlMs: listTtlMs, cacheScope: 'public' });
const UNCACHED = { ttlMs: 0, cacheScope: 'private' };

function discover(service: McpService): McpResult {
  const { capabilities, instructions } = service;
  return complete(service, {
    supportedVersions: [MODERN_REVISION],
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
    ...cacheOf(service),
  });
}

/** Returns a result with what 2026-07-28 adds to each. */
export const complete = ({ info }: McpService, result: McpResult): McpResult => ({
  resultType: 'complete',
  ...result,
  _meta: { ...Object(result['_meta']), [SERVER_KEY]: info },
});
