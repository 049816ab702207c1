import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '../../kit/json/is-record.ts';
import { type ClientCapabilities, type McpResult, ProtocolError, UNSUPPORTED_VERSION } from '../protocol.ts';
import { CLIENT_INFO, encodeOwnParams, LEGACY_REVISIONS, MODERN_REVISION } from './era.ts';
import { HttpFailure, NotMcp, UnsupportedVersion } from './failures.ts';
import type { RpcPeer } from './rpc-peer.ts';

export interface HandshakeOptions {
  readonly peer: RpcPeer;
  readonly capabilities?: ClientCapabilities | undefined;
  readonly signal: AbortSignal;
}

/** Asks a server what it is, as 2026-07-28 has it. @throws NotMcp if it does not speak that */
export async function discover({ peer, capabilities, signal }: HandshakeOptions): Promise<McpResult> {
  const params = () => encodeOwnParams('modern', {}, capabilities);
  const found = await peer.request({ method: 'server/discover', params, signal });
  const { supportedVersions } = found;
  if (Array.isArray(supportedVersions) && supportedVersions.includes(MODERN_REVISION)) return found;
  throw new NotMcp(`does not say that it speaks ${MODERN_REVISION}`);
}

export interface Initialized {
  readonly version: string;
  /** The server's, unchecked. */
  readonly capabilities: McpResult;
}

/**
 * Begins a session with a server before 2026-07-28. `agreed` is called with the revision, before the server hears of it.
 * @throws UnsupportedVersion for a server that speaks none of ours
 */
export async function initialize(options: HandshakeOptions, agreed: (version: string) => void): Promise<Initialized> {
  const [latest = ''] = LEGACY_REVISIONS;
  const result = await requestInitialize(options, latest).catch((error: unknown) => {
    const offered = versionsIn(error);
    const version = LEGACY_REVISIONS.find((known) => offered.includes(known));
    if (version !== undefined) return requestInitialize(options, version);
    throw offered.length > 0 ? unsupported(offered) : error;
  });
  const { protocolVersion: version = latest, capabilities } = result;
  if (typeof version !== 'string' || !LEGACY_REVISIONS.includes(version)) throw unsupported([String(version)]);
  agreed(version);
  await options.peer.notify('notifications/initialized').catch(ignoreRefusal);
  return { version, capabilities: isRecord(capabilities) ? capabilities : {} };
}

function requestInitialize({ peer, capabilities = {}, signal }: HandshakeOptions, version: string): Promise<McpResult> {
  const params = () => ({ protocolVersion: version, capabilities, clientInfo: CLIENT_INFO });
  return peer.request({ method: 'initialize', params, signal });
}

/** Returns the revisions that a refusal names. */
function versionsIn(error: unknown): readonly string[] {
  if (!(error instanceof ProtocolError)) return [];
  const { supported } = Object(error.data);
  return Array.isArray(supported) ? supported.filter((each): each is string => typeof each === 'string') : [];
}

function unsupported(wanted: readonly string[]): UnsupportedVersion {
  const ours = [MODERN_REVISION, ...LEGACY_REVISIONS].join(', ');
  return new UnsupportedVersion(`wants protocol version ${wanted.join(' or ')}; supported are ${ours}`);
}

/** Some servers refuse notifications; what they answer next says whether they mean it. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof HttpFailure || error instanceof ProtocolError)) throw error;
}

/** Statuses that say nothing of the revision. */
const NOT_OF_REVISION: ReadonlySet<number> = new Set([401, 403, 407, 429, 502, 503, 504]);

/** Returns whether a server that failed to answer as one of 2026-07-28 may be one of before. */
function mayBeLegacy(error: unknown): boolean {
  if (error instanceof HttpFailure) return !NOT_OF_REVISION.has(error.status);
  if (!(error instanceof ProtocolError)) return error instanceof NotMcp;
  const offered = error.code === UNSUPPORTED_VERSION ? versionsIn(error) : [];
  return offered.length === 0 || offered.some((version) => LEGACY_REVISIONS.includes(version));
}

/** The two ways to greet a server. */
export interface Greetings<G> {
  readonly modern: (signal: AbortSignal) => Promise<G>;
  readonly legacy: (signal: AbortSignal) => Promise<G>;
  /** Lets go of what was greeted in vain. */
  readonly discard: (greeted: G) => void;
}

/** The silence after which a server is greeted in the other way, too: some never answer what they do not know. */
const SILENCE_MS = 5_000;

/** Greets a server as one of 2026-07-28, and as one of before if that fails. @throws what the last greeting throws */
export async function negotiate<G>({ modern, legacy, discard }: Greetings<G>, signal: AbortSignal): Promise<G> {
  const probing = startTask(modern, signal);
  const silent = Symbol('silent');
  const waited = new AbortController();
  const silence = sleep(SILENCE_MS, silent, { signal: waited.signal, ref: false }).catch(() => silent);
  try {
    if ((await Promise.race([probing.result, silence])) !== silent) return await probing.result;
  } catch (error) {
    if (!mayBeLegacy(error)) throw refusalOf(error);
    return await legacy(signal);
  } finally {
    waited.abort();
  }
  const other = startTask(legacy, signal);
  const tasks = [probing, other];
  const winner = await Promise.any(tasks.map((task) => task.result.then(() => task))).catch(() => undefined);
  for (const task of tasks) if (task !== winner) task.giveUp(discard);
  return await (winner ?? other).result;
}

function startTask<G>(greet: (signal: AbortSignal) => Promise<G>, signal: AbortSignal) {
  const ending = new AbortController();
  const result = greet(AbortSignal.any([signal, ending.signal]));
  result.catch(() => {});
  return {
    result,
    giveUp(discard: (greeted: G) => void) {
      ending.abort(new Error('The server has answered in another way'));
      result.then(discard).catch(() => {});
    },
  };
}

const refusalOf = (error: unknown): unknown => {
  const offered = versionsIn(error);
  return offered.length > 0 ? unsupported(offered) : error;
};
