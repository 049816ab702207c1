import type { HttpMethod } from '@toolmesh/shared/kit/http/connections';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { JsonSchema, ToolAnnotations } from '@toolmesh/shared/contracts/tool';
import { z } from 'zod';
import { type Body, bodyOf } from './body.ts';
import type { OpenApiDocument } from './document.ts';
import { DocumentProblem, type JsonObject } from './references.ts';
import { argumentNames, type Field } from './field.ts';
import type { DescribedTool } from './fit-list.ts';
import { isJsonType } from './media-types.ts';
import { type Parameter, readParameters } from './parameters.ts';
import { createSchemaConverter, type SchemaConverter, SchemaTooLarge } from './schemas.ts';
import type { DocumentSecurity, OperationSecurity } from './security.ts';

/** One operation of a service: the tool that it becomes, and all that makes a request of a call. */
export interface Operation {
  readonly tool: DescribedTool;
  /** The schema of its arguments in full; the tool lists it trimmed. */
  readonly argumentsSchema: JsonSchema;
  readonly method: HttpMethod;
  /** The template: `/pets/{id}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Body | undefined;
  /** The `accept` header: the types of its answers. */
  readonly accept: string;
  /** The servers that it names for itself. */
  readonly servers: unknown;
  readonly security: OperationSecurity;
}

const OperationObject = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  description: z.string().optional(),
  deprecated: z.boolean().optional(),
  parameters: z.array(z.unknown()).default([]),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.unknown()).default({}),
  servers: z.unknown().optional(),
  security: z.unknown().optional(),
  tags: z.array(z.unknown()).optional(),
});
export type OperationObject = z.output<typeof OperationObject>;

const MAX_DESCRIPTION = 4_000;

/** Parses an operation. @throws DocumentProblem if no tool can be made of it. */
export function parseOperation(value: unknown): OperationObject {
  const parsed = OperationObject.safeParse(value);
  if (!parsed.success) throw new DocumentProblem(z.prettifyError(parsed.error).replaceAll(/\s+/g, ' '));
  return parsed.data;
}

/** Numbers of definitions to try in a tool's schema: fewer if it becomes too large with them. */
const DEFINITION_LIMITS = [100, 20, 4, 0];
/** A model reads the schema of every tool that it is offered. */
const MAX_SCHEMA_CHARS = 64 * 1_024;

const isSmall = (schema: JsonSchema): boolean => JSON.stringify(schema).length <= MAX_SCHEMA_CHARS;

export interface OperationSource {
  readonly path: string;
  readonly method: HttpMethod;
  /** The document's object of the path. */
  readonly item: JsonObject;
  readonly operation: OperationObject;
  readonly security: DocumentSecurity;
  /** True if the tool lists the schema of its result. */
  readonly listsOutput: boolean;
}

/** Reads one operation. @throws DocumentProblem if no tool can be made of it. */
export function readOperation(document: OpenApiDocument, source: OperationSource): Operation {
  const { path, method, item, operation } = source;
  const output = source.listsOutput ? outputSchema(document, operation) : undefined;
  const { summary } = operation;
  const input = readInputInBounds(document, source);
  return {
    tool: {
      ...(summary === undefined || summary === '' ? {} : { title: summary }),
      description: describe(method, path, operation),
      input_schema: input.schema,
      ...(output === undefined || !isSmall(output) ? {} : { output_schema: output }),
      annotations: annotationsOf(method),
    },
    argumentsSchema: input.schema,
    method,
    path,
    parameters: input.parameters,
    body: input.body,
    accept: acceptOf(document, operation),
    servers: operation.servers ?? item['servers'],
    security: source.security.of(operation.security),
  };
}

interface Input {
  readonly schema: JsonSchema;
  readonly parameters: readonly Parameter[];
  readonly body: Body | undefined;
}

function readInputInBounds(document: OpenApiDocument, source: OperationSource): Input {
  for (const limit of DEFINITION_LIMITS) {
    try {
      const input = readInput(document, source, createSchemaConverter(document, 'request', limit));
      if (isSmall(input.schema)) return input;
    } catch (error) {
      if (!(error instanceof SchemaTooLarge)) throw error;
    }
  }
  throw new DocumentProblem(`the schema of its arguments has more than ${MAX_SCHEMA_CHARS} characters`);
}

function readInput(document: OpenApiDocument, source: OperationSource, converter: SchemaConverter): Input {
  const { path, item, operation, security } = source;
  const shared: unknown = item['parameters'];
  const listed = [...(Array.isArray(shared) ? shared : []), ...operation.parameters];
  const parameters = readParameters(document, { path, listed, reserved: security.reserved }, converter);
  const body = operation.requestBody === undefined ? undefined : bodyOf(document, operation.requestBody, converter);
  const fields = [...parameters.map(({ field }) => field), ...(body?.fields ?? [])];
  const names = argumentNames(fields);
  const named = (field: Field): string => names.get(field) ?? field.name;
  return {
    schema: inputSchema(fields, named, converter),
    parameters: parameters.map(({ field, form }) => ({ ...form, argument: named(field) })),
    body: body?.withNames(named),
  };
}

function inputSchema(
  fields: readonly Field[],
  named: (field: Field) => string,
  converter: SchemaConverter,
): JsonSchema {
  const required = fields.filter(({ isRequired }) => isRequired).map(named);
  const definitions = converter.definitions();
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [named(field), field.schema])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
    ...(definitions === undefined ? {} : { $defs: definitions }),
  };
}

/** Services break their documents: a client that checks results must not refuse what the model could use. */
const OTHERWISE: JsonSchema = { description: 'Anything else that the service answers.' };

/** Returns the schema of the JSON object that a successful call should return. Undefined if it is to return anything else. */
function outputSchema(document: OpenApiDocument, { responses }: OperationObject): JsonSchema | undefined {
  const response = responses['200'] ?? responses['201'] ?? responses['2XX'];
  if (response === undefined) return undefined;
  const converter = createSchemaConverter(document, 'response', DEFINITION_LIMITS[0] ?? 0);
  try {
    const json = jsonSchemaIn(document.resolve(response)['content']);
    const schema = json === undefined ? undefined : converter.convertTop(json);
    if (schema?.['type'] !== 'object') return undefined;
    const definitions = converter.definitions();
    return { type: 'object', anyOf: [schema, OTHERWISE], ...(definitions === undefined ? {} : { $defs: definitions }) };
  } catch (error) {
    // The tool works without it.
    if (error instanceof DocumentProblem) return undefined;
    throw error;
  }
}

function jsonSchemaIn(content: unknown): unknown {
  const [, media] = Object.entries(isRecord(content) ? content : {}).find(([type]) => isJsonType(type)) ?? [];
  return isRecord(media) ? media['schema'] : undefined;
}

function acceptOf(document: OpenApiDocument, { responses }: OperationObject): string {
  const types = new Set<string>();
  for (const [status, response] of Object.entries(responses)) {
    if (!status.startsWith('2') || !isRecord(response)) continue;
    const content = '$ref' in response ? resolveQuietly(document, response)['content'] : response['content'];
    for (const type of Object.keys(isRecord(content) ? content : {}))
      if (/^[\w.+*-]+\/[\w.+*-]+$/.test(type)) types.add(type);
  }
  if (types.size === 0) types.add('application/json');
  return [...types, '*/*;q=0.1'].join(', ');
}

function resolveQuietly(document: OpenApiDocument, value: unknown): JsonObject {
  try {
    return document.resolve(value);
  } catch {
    return {};
  }
}

function describe(
  method: HttpMethod,
  path: string,
  { summary = '', description = '', deprecated }: OperationObject,
): string {
  const parts = [deprecated === true ? 'Deprecated.' : '', description.startsWith(summary) ? '' : summary, description];
  const text = parts.filter((part) => part !== '').join('\n\n');
  return (text === '' ? `${method} ${path}` : text).slice(0, MAX_DESCRIPTION);
}

/**
 * Returns the guarantees that HTTP gives for a method (https://www.rfc-editor.org/rfc/rfc9110#section-9.2). It gives none
 * that POST, PUT or PATCH destroy nothing, so nothing is said about it: MCP's default for that is "may destroy".
 */
function annotationsOf(method: HttpMethod): ToolAnnotations {
  const isRead = method === 'GET' || method === 'HEAD';
  return {
    readOnlyHint: isRead,
    ...(method === 'DELETE' ? { destructiveHint: true } : {}),
    idempotentHint: isRead || method === 'PUT' || method === 'DELETE',
    openWorldHint: true,
  };
}
