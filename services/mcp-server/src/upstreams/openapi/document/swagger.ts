import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { isUnusable, type JsonObject, type Resolve } from './references.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

/**
 * Returns a document of Swagger 2.0 in the words of OpenAPI 3.0 (https://swagger.io/specification/v2/). References stay:
 * what they lead to is still there. A parameter whose reference is broken stays as it is, so that only its operation is
 * left out.
 */
export function fromSwagger(root: JsonObject, resolve: Resolve, url: URL): JsonObject {
  const paths = isRecord(root['paths']) ? root['paths'] : {};
  return {
    ...root,
    openapi: '3.0.3',
    servers: [{ url: serverOf(root, url) }],
    components: { securitySchemes: mapRecords(root['securityDefinitions'], securityScheme) },
    paths: mapRecords(paths, (item) => pathItem(root, item, resolve)),
  };
}

function mapRecords(value: unknown, map: (item: JsonObject) => unknown): JsonObject {
  const entries = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(entries.map(([key, item]) => [key, isRecord(item) ? map(item) : item]));
}

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

function serverOf({ host, basePath, schemes }: JsonObject, url: URL): string {
  const path = typeof basePath === 'string' ? `/${basePath.replace(/^\/+/, '')}` : '/';
  if (typeof host !== 'string' || host === '') return path;
  const known = textsIn(schemes).filter((scheme) => scheme === 'https' || scheme === 'http');
  const own = url.protocol === 'http:' ? 'http' : 'https';
  const scheme = known.includes(own) ? own : (known[0] ?? own);
  return `${scheme}://${host}${path}`;
}

const securityScheme = (scheme: JsonObject): JsonObject =>
  scheme['type'] === 'basic' ? { type: 'http', scheme: 'basic' } : scheme;

function pathItem(root: JsonObject, item: JsonObject, resolve: Resolve): JsonObject {
  if (typeof item['$ref'] === 'string') {
    const target = resolved(item, resolve);
    return target === undefined ? item : pathItem(root, target, resolve);
  }
  const { parameters: shared, ...rest } = item;
  const operations = METHODS.map((method) => [method, item[method]] as const)
    .filter(([, operation]) => isRecord(operation))
    .map(([method, operation]) => [
      method,
      toOperation(root, { shared, operation: { ...Object(operation) } }, resolve),
    ]);
  return { ...rest, ...Object.fromEntries(operations) };
}

function resolved(value: unknown, resolve: Resolve): JsonObject | undefined {
  try {
    return resolve(value);
  } catch (error) {
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

interface OperationParts {
  /** The parameters of the path. */
  readonly shared: unknown;
  readonly operation: JsonObject;
}

function toOperation(root: JsonObject, { shared, operation }: OperationParts, resolve: Resolve): JsonObject {
  const own: unknown = operation['parameters'];
  const listed: unknown[] = [...(Array.isArray(shared) ? shared : []), ...(Array.isArray(own) ? own : [])];
  const read = listed.map((value) => ({ value, parameter: resolved(value, resolve) }));
  const inPlace = (place: string) => read.flatMap(({ parameter }) => (parameter?.['in'] === place ? [parameter] : []));
  const others = read.filter(({ parameter }) => parameter?.['in'] !== 'body' && parameter?.['in'] !== 'formData');
  const consumes = textsIn(operation['consumes'] ?? root['consumes']);
  const produces = textsIn(operation['produces'] ?? root['produces']);
  const requestBody = bodyOf(inPlace('body').at(-1), inPlace('formData'), consumes);
  return {
    ...operation,
    parameters: others.map(({ value, parameter }) => (parameter === undefined ? value : toParameter(parameter))),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: mapRecords(operation['responses'], (response) => toResponse(response, produces, resolve)),
  };
}

/** The keys of a parameter that are not those of its schema. */
const OWN_KEYS = new Set(['name', 'in', 'description', 'required', 'collectionFormat', 'allowEmptyValue']);

function schemaOf(parameter: JsonObject): JsonObject {
  const schema = Object.fromEntries(Object.entries(parameter).filter(([key]) => !OWN_KEYS.has(key)));
  return schema['type'] === 'file' ? { ...schema, type: 'string', format: 'binary' } : schema;
}

const STYLES: Readonly<Record<string, string>> = { ssv: 'spaceDelimited', tsv: 'tabDelimited', pipes: 'pipeDelimited' };

/** Returns how a list is written: separated by commas unless it says otherwise. */
function styleOf({ type, collectionFormat = 'csv', in: place }: JsonObject): JsonObject {
  if (type !== 'array' || typeof collectionFormat !== 'string') return {};
  if (place === 'path' || place === 'header') return { style: 'simple', explode: false };
  if (collectionFormat === 'multi') return { style: 'form', explode: true };
  return { style: STYLES[collectionFormat] ?? 'form', explode: false };
}

function toParameter(parameter: JsonObject): JsonObject {
  const { name, in: place, description, required } = parameter;
  return { name, in: place, description, required, ...styleOf(parameter), schema: schemaOf(parameter) };
}

function bodyOf(
  body: JsonObject | undefined,
  fields: readonly JsonObject[],
  consumes: readonly string[],
): JsonObject | undefined {
  if (fields.length > 0) return formOf(fields, consumes);
  if (body === undefined) return undefined;
  const { schema, required, description } = body;
  const types = consumes.length === 0 ? [JSON_TYPE] : consumes;
  return { required, description, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function formOf(fields: readonly JsonObject[], consumes: readonly string[]): JsonObject {
  const hasFiles = fields.some(({ type }) => type === 'file');
  const isMultipart = hasFiles || (consumes.includes(MULTIPART) && !consumes.includes(FORM_TYPE));
  const named = fields.map((field) => [String(field['name']), field] as const);
  const needed = named.filter(([, { required }]) => required === true).map(([name]) => name);
  const described = ([name, field]: (typeof named)[number]) => [
    name,
    { ...schemaOf(field), description: field['description'] },
  ];
  const media = {
    schema: { type: 'object', properties: Object.fromEntries(named.map(described)), required: needed },
    encoding: Object.fromEntries(named.map(([name, field]) => [name, styleOf(field)])),
  };
  return { required: needed.length > 0, content: { [isMultipart ? MULTIPART : FORM_TYPE]: media } };
}

function toResponse(value: JsonObject, produces: readonly string[], resolve: Resolve): unknown {
  const response = resolved(value, resolve);
  if (response?.['schema'] === undefined) return response ?? value;
  const { schema, ...rest } = response;
  const types = produces.length === 0 ? [JSON_TYPE] : produces;
  const isFile = isRecord(schema) && schema['type'] === 'file';
  const media = isFile ? {} : { schema };
  return { ...rest, content: Object.fromEntries(types.map((type) => [type, media])) };
}
