import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { HttpMethod } from '@toolmesh/shared/kit/http/connections';
import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';
import { baseUrlOf } from './base-url.ts';
import { openDocument, type OpenApiDocument, wrong } from './document.ts';
import { DocumentProblem, type JsonObject } from './references.ts';
import { distinctName, toolName } from './names.ts';
import { type Operation, parseOperation, readOperation } from './operation.ts';
import { adviceFor, type ConfiguredNames, type DocumentSecurity, readSecurity, unknownSchemes } from './security.ts';

/** A document to read, and what is configured for its service. Plain data, so that a thread of its own may do it. */
export interface ServiceSource {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly text: string;
  /** The document's own address. */
  readonly url: string;
  readonly configured: ConfiguredNames;
  /** The service's URL, if it is not the document's server. */
  readonly baseUrl: string | undefined;
  /** True if tools list the schemas of their results. */
  readonly listsOutput: boolean;
}

/** An operation under the name of its tool, or a part of the document that could not be used. */
export type ServicePart =
  | { readonly tool: string; readonly operation: Operation; readonly base: string }
  | { readonly defect: Defect };

const METHODS: readonly HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'];
/** Methods that OpenAPI knows and that no tool is made of: they ask about a resource, or about the way to it. */
const LEFT_OUT_METHODS = ['OPTIONS', 'TRACE', 'QUERY'];
/** No model can choose from more tools than this, and no list should carry them. */
const MAX_OPERATIONS = 1_000;
/** Problems beyond this are the same ones again. */
const MAX_PROBLEMS = 1_000;

/** What all operations of a document share. */
interface Shared {
  readonly source: ServiceSource;
  readonly document: OpenApiDocument;
  readonly security: DocumentSecurity;
  /** Names of tools so far. */
  readonly taken: Set<string>;
}

/**
 * Reads a document part by part.
 * @throws MeshError upstream_failed with the correction to make, if nothing of it can be used.
 */
export function* readService(source: ServiceSource, parse: (text: string) => unknown): Generator<ServicePart> {
  const document = openDocument(source.name, parseText(source, parse), new URL(source.url));
  const security = readSecurity(document, source.configured);
  const shared = { source, document, security, taken: new Set<string>() };
  const missing = new Set<string>();
  let problems = 0;
  for (const listed of listOperations(document)) {
    const part = 'problem' in listed ? listed : attempt(() => readOne(listed, shared));
    if ('value' in part) {
      yield part.value;
      for (const name of part.value.operation.security.missing) missing.add(name);
    } else if ((problems += 1) <= MAX_PROBLEMS) {
      yield leftOut('method' in listed ? `${listed.method} ${listed.path}` : listed.path, part.problem);
    }
  }
  for (const name of missing) yield credential(name, adviceFor(security.schemes.get(name), name));
  for (const [name, reason] of unknownSchemes(security, source.configured)) yield credential(name, reason);
}

const leftOut = (name: string, reason: string): ServicePart => ({
  defect: { kind: 'operation', name, reason, action: 'left_out' },
});

const credential = (name: string, reason: string): ServicePart => ({
  defect: { kind: 'credential', name, reason, action: 'missing' },
});

interface ListedOperation {
  readonly path: string;
  readonly method: HttpMethod;
  readonly item: JsonObject;
  readonly operation: unknown;
}

/** A path, or a method of one, that no tool can be made of. */
interface ListedProblem {
  readonly path: string;
  readonly problem: string;
}

function readOne(listed: ListedOperation, { source, document, security, taken }: Shared) {
  const { path, method } = listed;
  const { configured, baseUrl, listsOutput } = source;
  const parsed = parseOperation(listed.operation);
  const operation = readOperation(document, { ...listed, operation: parsed, security, listsOutput });
  const sendsKeys = Object.values(configured).some((names) => names.length > 0);
  const base = baseUrl ?? baseUrlOf(document, operation.servers, sendsKeys).href;
  const plain = toolName(parsed.operationId, method.toLowerCase(), path);
  const tool = taken.has(plain) ? distinctName(plain, method, path) : plain;
  if (taken.size >= MAX_OPERATIONS) throw new DocumentProblem(`more than ${MAX_OPERATIONS} operations`);
  taken.add(tool);
  return { tool, operation, base };
}

function parseText({ name, text }: ServiceSource, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw wrong(name, 'its document is neither JSON nor YAML', cause);
  }
}

/** Lists operations in an order that does not depend on the document's, so that names that clash are the same each time. */
function* listOperations({ root, resolve }: OpenApiDocument): Generator<ListedOperation | ListedProblem> {
  const paths = isRecord(root['paths']) ? Object.entries(root['paths']) : [];
  for (const [path, value] of paths.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const item = attempt(() => resolve(value));
    if ('problem' in item) {
      yield { path, problem: item.problem };
      continue;
    }
    for (const method of METHODS) {
      const operation = item.value[method.toLowerCase()];
      if (operation !== undefined) yield { path, method, item: item.value, operation };
    }
    for (const method of LEFT_OUT_METHODS) {
      if (item.value[method.toLowerCase()] === undefined) continue;
      yield { path: `${method} ${path}`, problem: `no tool is made of ${method}` };
    }
  }
}

/** Returns the value of a task, or the problem of the document that it met. */
function attempt<T>(task: () => T): { readonly value: T } | { readonly problem: string } {
  try {
    return { value: task() };
  } catch (error) {
    if (error instanceof DocumentProblem) return { problem: error.message };
    throw error;
  }
}
