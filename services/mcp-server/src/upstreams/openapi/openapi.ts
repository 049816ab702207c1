import { webcrypto } from 'node:crypto';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';
import type { Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import type { RequestTimeouts } from '@toolmesh/shared/mcp/protocol';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { elapsed, unknownTool } from '@toolmesh/shared/kit/tools/tool-catalogue';
import {
  type DocumentBytes,
  type DocumentVersion,
  fetchDocument,
  MAX_DOCUMENT_BYTES,
} from './document/fetch-document.ts';
import type { ToolSelection } from '../offered.ts';
import { loadService, megabytes } from './document/load-service.ts';
import type { Operation } from './document/operation.ts';
import type { ConfiguredNames } from './document/security.ts';
import type { ThreadSource } from './document/read-service-worker.ts';
import { buildRequest } from './request/build-request.ts';
import type { Configured } from './request/credentials.ts';
import { readAnswer, type ReadAnswer } from './request/read-answer.ts';
import { createHttpSender } from './request/send-request.ts';
import { type ArgumentsCheck, createArgumentsChecks } from './request/validate-arguments.ts';

export interface OpenApiOptions {
  /** Names the service in errors. */
  readonly name: string;
  /** The document: an http or https URL, or the path of a file. JSON or YAML, OpenAPI 3.0 or 3.1. */
  readonly document: URL | string;
  /** The service's URL, if it is not the document's server. */
  readonly baseUrl?: URL | string | undefined;
  /** Sent with every call; nothing that a caller gives can replace them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in the query of every call. */
  readonly query?: Readonly<Record<string, string>>;
  /** By security scheme of the document: a key, a token, or `user:password`. Sent where the scheme says. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** The operations to make tools of. Default: all. */
  readonly selection?: ToolSelection;
  /** About the size of the list of tools, in characters: larger schemas are trimmed. Default: 512 KiB. */
  readonly maxListChars?: number;
  /** Lists the schemas of results. Default: false. */
  readonly outputSchemas?: boolean;
  /** Time limits of a call of a tool. Default: a minute. */
  readonly timeoutsFor?: (tool: string) => RequestTimeouts;
  /** Default: 5 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** Time limit of requesting the document, and of reading it, with a second for each megabyte. Default 60 000. */
  readonly loadTimeoutMs?: number;
  /** Called when reading a document begins; it may take a while. */
  readonly onReading?: ((bytes: number) => void) | undefined;
  /** Default 16 MiB. */
  readonly maxResponseBytes?: number;
  /** The tools that were loaded before: they are returned as they are if the document has not changed. */
  readonly previous?: OpenApiTools | undefined;
  /** Ends the loading. */
  readonly signal: AbortSignal;
}

/** A REST service as tools: one for each operation of its OpenAPI document. */
export interface OpenApiTools {
  readonly tools: readonly Tool[];
  /** A hash of the document. */
  readonly fingerprint: string;
  readonly version: DocumentVersion;
  /** Parts of the document that could not be used, and credentials that it demands and nobody gave. */
  readonly defects: readonly Defect[];
  /**
   * Calls one of `tools`. A service that refuses (4xx, 5xx) is a result with `is_error`.
   * @throws MeshError tool_not_found, invalid_arguments, upstream_failed or upstream_timeout.
   */
  call(tool: string, args: unknown, context: ToolContext): Promise<ToolResult>;
  close(): Promise<void>;
}

interface Callable {
  readonly operation: Operation;
  readonly base: URL;
  readonly check: ArgumentsCheck;
}

const A_MINUTE: RequestTimeouts = { idleMs: 60_000, totalMs: 60_000 };

/** Problems that an error lists; a wrong document has the same one many times. */
const MAX_LISTED = 5;

/**
 * Loads a document, or returns `previous` if it is still the same.
 * @throws MeshError upstream_failed with the correction to make, if it cannot be loaded or used.
 */
export async function loadOpenApi(options: OpenApiOptions): Promise<OpenApiTools> {
  const { name, previous, loadTimeoutMs = 60_000, signal, onReading } = options;
  const configured = configuredOf(options);
  const fetched = await requestDocument(options, configured, loadTimeoutMs);
  if (fetched === undefined) return previous ?? Promise.reject(new Error('nothing was known before'));
  const { bytes, url, version } = fetched;
  const size = bytes.length;
  const digest = await webcrypto.subtle.digest('SHA-256', bytes);
  const fingerprint = Buffer.from(digest).toString('base64');
  if (fingerprint === previous?.fingerprint) return previous;
  onReading?.(size);
  const ms = loadTimeoutMs + size * MS_PER_BYTE;
  const late = () =>
    new MeshError(
      'upstream_timeout',
      `${name} cannot be used: its document, ${megabytes(size)}, could not be read within ${ms} ms`,
    );
  const source = { ...sourceOf(options, configured), bytes, url: url.href };
  const service = await withDeadline({ signal, ms, late }, (limited) => readCallables(source, limited));
  return { fingerprint, version, ...toolsOf(service, configured, options) };
}

/** Reading takes longer where there is more to read: a second for each megabyte. */
const MS_PER_BYTE = 1 / 1_000;

async function requestDocument(
  { name, document, baseUrl, previous, connectTimeoutMs, signal }: OpenApiOptions,
  { headers, query }: Configured,
  timeoutMs: number,
): Promise<DocumentBytes | undefined> {
  const timeouts = { idleMs: timeoutMs, totalMs: timeoutMs };
  const sender = createHttpSender({ name, connectTimeoutMs, timeouts, maxResponseBytes: MAX_DOCUMENT_BYTES });
  const service = baseUrl === undefined ? undefined : new URL(baseUrl);
  const source = { name, document, headers, query, baseUrl: service, known: previous?.version, signal };
  try {
    return await fetchDocument(source, sender.send);
  } finally {
    await sender.close();
  }
}

function sourceOf(options: OpenApiOptions, configured: Configured) {
  const { name, baseUrl, selection = {}, maxListChars = 512 * 1_024, outputSchemas: listsOutput = false } = options;
  const base = baseUrl === undefined ? undefined : new URL(baseUrl).href;
  return { name, baseUrl: base, selection, maxListChars, listsOutput, configured: namesOf(configured) };
}

function configuredOf({ headers = {}, query = {}, credentials = {} }: OpenApiOptions): Configured {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { headers: withoutEmpty(lower), query: withoutEmpty(query), credentials: withoutEmpty(credentials) };
}

/** A variable with an empty fallback is a key that is not there. */
const withoutEmpty = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));

const namesOf = ({ headers, query, credentials }: Configured): ConfiguredNames => ({
  headers: Object.keys(headers),
  query: Object.keys(query),
  schemes: Object.keys(credentials),
});

interface Service {
  readonly callables: ReadonlyMap<string, Callable>;
  readonly defects: readonly Defect[];
}

async function readCallables(source: ThreadSource, signal: AbortSignal): Promise<Service> {
  const callables = new Map<string, Callable>();
  const defects: Defect[] = [];
  const checkOf = createArgumentsChecks();
  for await (const part of loadService(source, signal)) {
    if ('defect' in part) {
      defects.push(part.defect);
      continue;
    }
    if ('read' in part) continue;
    const { tool, operation, base } = part;
    callables.set(tool, { operation, base: new URL(base), check: checkOf(tool, operation.argumentsSchema) });
  }
  if (callables.size > 0) return { callables, defects };
  const problems = defects.map(({ name, reason }) => `${name}: ${reason}`);
  const why =
    problems.length === 0
      ? 'it has none, or none is selected'
      : `its problems: ${problems.slice(0, MAX_LISTED).join('; ')}`;
  throw new MeshError('upstream_failed', `${source.name} has no operation that can be used; ${why}`);
}

function toolsOf(
  { callables, defects }: Service,
  configured: Configured,
  { name, timeoutsFor, connectTimeoutMs, maxResponseBytes = 16 * 1_024 ** 2 }: OpenApiOptions,
): Omit<OpenApiTools, 'fingerprint' | 'version'> {
  const sender = createHttpSender({ name, connectTimeoutMs, timeouts: A_MINUTE, maxResponseBytes });
  return {
    tools: [...callables].map(([tool, { operation }]) => ({ name: tool, ...operation.tool })),
    defects,
    async call(tool, args, context) {
      const callable = callables.get(tool);
      if (callable === undefined) throw unknownTool(tool, callables.keys());
      const { operation, base, check } = callable;
      const request = buildRequest(operation, check(args), { base, configured });
      const started = performance.now();
      const answer = await sender.send({ ...request, timeouts: timeoutsFor?.(tool), signal: context.signal });
      const read = withAdvice(readAnswer(answer), answer.status, operation);
      // A client that was promised an object refuses a result without one.
      const promised = operation.tool.output_schema === undefined || read.is_error ? {} : { structured_content: {} };
      return { tool, ...promised, ...read, duration_ms: elapsed(started) };
    },
    close: () => sender.close(),
  };
}

/** Adds the reason why a service did not let the hub in, if it is known here. */
function withAdvice(read: ReadAnswer, status: number, { security: { missing } }: Operation): ReadAnswer {
  if ((status !== 401 && status !== 403) || missing.length === 0) return read;
  const text = `The hub has no credential for ${missing.join(', ')}; its operator can set one in mesh.json.`;
  return { ...read, content: [...read.content, { type: 'text', text }] };
}
