import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HttpMethod } from '@toolmesh/shared/kit/http/connections';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { elapsed, unknownTool } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { baseUrlOf } from './document/base-url.ts';
import { buildRequest } from './request/build-request.ts';
import { DocumentProblem, loadDocument, MAX_DOCUMENT_BYTES, type OpenApiDocument } from './document/document.ts';
import { distinctName, toolName } from './document/names.ts';
import { type Operation, parseOperation, readOperation } from './document/operation.ts';
import { readAnswer } from './request/read-answer.ts';
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
  /** Time limit of a call. Default 60 000. */
  readonly timeoutMs?: number;
  /** Time limit of loading the document. Default 60 000. */
  readonly loadTimeoutMs?: number;
  /** Default 16 MiB. */
  readonly maxResponseBytes?: number;
  /** Ends the loading. */
  readonly signal: AbortSignal;
}

/** A REST service as tools: one for each operation of its OpenAPI document. */
export interface OpenApiTools {
  readonly tools: readonly Tool[];
  /** Parts of the document that could not be used, each with the reason, in words for an operator. */
  readonly problems: readonly string[];
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

const METHODS: readonly HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'];
/** No model can choose from more tools than this, and no list should carry them. */
const MAX_OPERATIONS = 1_000;

/** Longest time that reading a document blocks the event loop. */
const TURN_MS = 10;
/** Problems that an error lists; a wrong document has the same one many times. */
const MAX_LISTED = 5;

/** Loads a document. @throws MeshError upstream_failed with the correction to make, if it cannot be loaded or used. */
export async function loadOpenApi(options: OpenApiOptions): Promise<OpenApiTools> {
  const { name, timeoutMs = 60_000, maxResponseBytes = 16 * 1_024 ** 2 } = options;
  const given = Object.entries(options.headers ?? {}).filter(([, value]) => value !== '');
  const headers = Object.fromEntries(given.map(([key, value]) => [key.toLowerCase(), value]));
  const { callables, problems } = await readService(options, headers);
  if (callables.size === 0) {
    const why = problems.length === 0 ? 'it has none' : `its problems: ${problems.slice(0, MAX_LISTED).join('; ')}`;
    throw new MeshError('upstream_failed', `${name} has no operation that can be used; ${why}`);
  }
  const sender = createHttpSender({ name, timeoutMs, maxResponseBytes });
  return {
    tools: [...callables].map(([tool, { operation }]) => ({ name: tool, ...operation.tool })),
    problems,
    async call(tool, args, context) {
      const callable = callables.get(tool);
      if (callable === undefined) throw unknownTool(tool, callables.keys());
      const { operation, base, check } = callable;
      const request = buildRequest(operation, check(args), { base, headers });
      const started = performance.now();
      const answer = await sender.send({ ...request, signal: context.signal });
      return { tool, ...readAnswer(answer), duration_ms: elapsed(started) };
    },
    close: () => sender.close(),
  };
}

async function readService(options: OpenApiOptions, headers: Readonly<Record<string, string>>) {
  const { name, document: source, baseUrl, loadTimeoutMs = 60_000, signal } = options;
  const sender = createHttpSender({ name, timeoutMs: loadTimeoutMs, maxResponseBytes: MAX_DOCUMENT_BYTES });
  const late = () => new MeshError('upstream_timeout', `${name} could not be read within ${loadTimeoutMs} ms`);
  try {
    return await withDeadline({ signal, ms: loadTimeoutMs, late }, async (limited) => {
      const document = await loadDocument({ name, document: source, headers, signal: limited }, sender.send);
      return readOperations(document, { configured: new Set(Object.keys(headers)), baseUrl, signal: limited });
    });
  } finally {
    await sender.close();
  }
}

interface ReadOptions {
  /** Headers, in lower case, that are sent with every request. */
  readonly configured: ReadonlySet<string>;
  readonly baseUrl: URL | string | undefined;
  readonly signal: AbortSignal;
}

/** Reads all operations, with pauses: a large document takes seconds, in which other calls go on. */
async function readOperations(document: OpenApiDocument, { configured, baseUrl, signal }: ReadOptions) {
  const problems: string[] = [];
  const callables = new Map<string, Callable>();
  const checkOf = createArgumentsChecks();
  let pausedAt = performance.now();
  for (const { path, method, item, value } of listOperations(document, problems)) {
    if (performance.now() - pausedAt > TURN_MS) {
      await nextTurn();
      signal.throwIfAborted();
      pausedAt = performance.now();
    }
    try {
      const parsed = parseOperation(value);
      const operation = readOperation(document, { path, method, item, operation: parsed, configured });
      const base = baseUrl === undefined ? baseUrlOf(document, operation.servers) : new URL(String(baseUrl));
      const plain = toolName(parsed.operationId, method.toLowerCase(), path);
      const tool = callables.has(plain) ? distinctName(plain, method, path) : plain;
      if (callables.size >= MAX_OPERATIONS) throw new DocumentProblem(`more than ${MAX_OPERATIONS} operations`);
      callables.set(tool, { operation, base, check: checkOf(tool, operation.tool.input_schema) });
    } catch (error) {
      if (!(error instanceof DocumentProblem)) throw error;
      problems.push(`${method} ${path}: ${error.message}`);
    }
  }
  return { callables, problems };
}

/** Lists operations in an order that does not depend on the document's, so that names that clash are the same each time. */
function listOperations({ root, resolve }: OpenApiDocument, problems: string[]) {
  const paths = isRecord(root['paths']) ? Object.entries(root['paths']) : [];
  return paths
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, value]) => {
      try {
        const item = resolve(value);
        return METHODS.flatMap((method) => {
          const operation = item[method.toLowerCase()];
          return operation === undefined ? [] : [{ path, method, item, value: operation }];
        });
      } catch (error) {
        if (!(error instanceof DocumentProblem)) throw error;
        problems.push(`${path}: ${error.message}`);
        return [];
      }
    });
}
