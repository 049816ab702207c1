import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { HttpMethod } from '@toolmesh/shared/kit/http/connections';
import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';
import { type Selectable, selects, type ToolSelection } from '../../offered.ts';
import { baseUrlOf } from './base-url.ts';
import { openDocument, type OpenApiDocument, wrong } from './document.ts';
import { DocumentProblem, type JsonObject } from './references.ts';
import { fitList } from './fit-list.ts';
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
  /** The operations to read. */
  readonly selection: ToolSelection;
  /** About the size of the list of tools, in characters of JSON: larger schemas are trimmed. */
  readonly maxListChars: number;
}

/** An operation under the name of its tool, or a part of the document that could not be used. */
export type ServicePart = ReadTool | { readonly defect: Defect } | { readonly read: string };

/** `read` above: an operation has been read, and follows later. A reader may do something else in between. */
export interface ReadTool {
  readonly tool: string;
  readonly operation: Operation;
  readonly base: string;
}

const METHODS: readonly HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'];
/** Methods that OpenAPI knows and that no tool is made of: they ask about a resource, or about the way to it. */
const LEFT_OUT_METHODS = ['OPTIONS', 'TRACE', 'QUERY'];
/** More than any service has. */
const MAX_OPERATIONS = 5_000;
/** Problems beyond this are the same ones again. */
const MAX_PROBLEMS = 1_000;

/** The parts that all operations of a document share. */
interface Shared {
  readonly source: ServiceSource;
  readonly document: OpenApiDocument;
  readonly security: DocumentSecurity;
  /** Names of tools so far. */
  readonly taken: Set<string>;
  readonly isSelected: (tool: Selectable) => boolean;
}

/**
 * Reads a document part by part.
 * @throws MeshError upstream_failed with the correction to make, if nothing of it can be used.
 */
export function* readService(source: ServiceSource, parse: (text: string) => unknown): Generator<ServicePart> {
  const document = openDocument(source.name, parseText(source, parse), new URL(source.url));
  const security = readSecurity(document, source.configured);
  const shared = { source, document, security, taken: new Set<string>(), isSelected: selects(source.selection) };
  const tools: ReadTool[] = [];
  let problems = 0;
  for (const listed of listOperations(document)) {
    const part = 'problem' in listed ? listed : attempt(() => readOne(listed, shared));
    if ('value' in part) {
      if (part.value === undefined) continue;
      tools.push(part.value);
      yield { read: part.value.tool };
    } else if ((problems += 1) <= MAX_PROBLEMS) {
      yield leftOut('method' in listed ? `${listed.method} ${listed.path}` : listed.path, part.problem);
    }
  }
  yield* trimmed(tools, source.maxListChars);
  const missing = new Set(tools.flatMap(({ operation }) => operation.security.missing));
  for (const name of missing) yield credential(name, adviceFor(security.schemes.get(name), name));
  for (const [name, reason] of unknownSchemes(security, source.configured)) yield credential(name, reason);
}

function* trimmed(tools: readonly ReadTool[], maxChars: number): Generator<ReadTool> {
  const fitted = fitList(
    tools.map(({ operation }) => operation.tool),
    maxChars,
  );
  for (const [i, read] of tools.entries()) {
    yield { ...read, operation: { ...read.operation, tool: fitted[i] ?? read.operation.tool } };
  }
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

/** Reads one operation. Returns undefined for one that is not selected. */
function readOne(listed: ListedOperation, shared: Shared): ReadTool | undefined {
  const { source, document, security, taken } = shared;
  const { path, method } = listed;
  const parsed = parseOperation(listed.operation);
  const plain = toolName(parsed.operationId, method.toLowerCase(), path);
  const tool = taken.has(plain) ? distinctName(plain, method, path) : plain;
  if (taken.size >= MAX_OPERATIONS) throw new DocumentProblem(`more than ${MAX_OPERATIONS} operations`);
  // What is not selected keeps its name, so that a selection renames nothing.
  taken.add(tool);
  const tags = parsed.tags?.filter((tag) => typeof tag === 'string') ?? [];
  if (!shared.isSelected({ name: tool, operation: { method, path, tags } })) return undefined;
  const { configured, baseUrl, listsOutput } = source;
  const operation = readOperation(document, { ...listed, operation: parsed, security, listsOutput });
  const sendsKeys = Object.values(configured).some((names) => names.length > 0);
  return { tool, operation, base: baseUrl ?? baseUrlOf(document, operation.servers, sendsKeys).href };
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
