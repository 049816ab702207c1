import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { HttpMethod } from '@toolmesh/shared/kit/http/connections';
import { baseUrlOf } from './base-url.ts';
import { DocumentProblem, openDocument, type OpenApiDocument, wrong } from './document.ts';
import { distinctName, toolName } from './names.ts';
import { type Operation, type OperationSource, parseOperation, readOperation } from './operation.ts';

/** A document to read, and what is configured for its service. Plain data, so that a thread of its own may do it. */
export interface ServiceSource {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly text: string;
  /** The document's own address. */
  readonly url: string;
  /** Names of the headers, in lower case, that are sent with every request. */
  readonly configured: readonly string[];
  /** The service's URL, if it is not the document's server. */
  readonly baseUrl: string | undefined;
  /** True if tools list the schemas of their results. */
  readonly listsOutput: boolean;
}

/** An operation under the name of its tool, or a part of the document that could not be used, in words for an operator. */
export type ServicePart =
  | { readonly tool: string; readonly operation: Operation; readonly base: string }
  | { readonly problem: string };

const METHODS: readonly HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'];
/** No model can choose from more tools than this, and no list should carry them. */
const MAX_OPERATIONS = 1_000;
/** Problems beyond this are the same ones again. */
const MAX_PROBLEMS = 1_000;

/**
 * Reads a document part by part.
 * @throws MeshError upstream_failed with the correction to make, if nothing of it can be used.
 */
export function* readService(source: ServiceSource, parse: (text: string) => unknown): Generator<ServicePart> {
  const document = openDocument(source.name, parseText(source, parse), new URL(source.url));
  const configured = new Set(source.configured);
  const { listsOutput } = source;
  const taken = new Set<string>();
  let problems = 0;
  for (const listed of listOperations(document)) {
    const at = 'method' in listed ? `${listed.method} ${listed.path}` : listed.path;
    const part =
      'problem' in listed
        ? listed
        : attempt(() => readOne(document, { ...listed, configured, listsOutput, taken }, source.baseUrl));
    if ('value' in part) yield part.value;
    else if ((problems += 1) <= MAX_PROBLEMS) yield { problem: `${at}: ${part.problem}` };
  }
}

function readOne(
  document: OpenApiDocument,
  {
    taken,
    ...listed
  }: Omit<OperationSource, 'operation'> & { readonly operation: unknown; readonly taken: Set<string> },
  baseUrl: string | undefined,
): ServicePart {
  const { path, method, configured } = listed;
  const parsed = parseOperation(listed.operation);
  const operation = readOperation(document, { ...listed, operation: parsed });
  const base = baseUrl ?? baseUrlOf(document, operation.servers, configured.size > 0).href;
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
function* listOperations({ root, resolve }: OpenApiDocument) {
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
