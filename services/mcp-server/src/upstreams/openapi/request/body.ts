import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import { DocumentProblem, type OpenApiDocument } from '../document/document.ts';
import { isJsonType } from '../document/media-types.ts';
import type { Field } from '../document/field.ts';
import type { SchemaConverter } from '../document/schemas.ts';
import { inForm } from './serialize.ts';

/** The body of a request: an object with a property for each of some arguments, or the value of one argument. */
export interface Body {
  readonly contentType: string;
  readonly isRequired: boolean;
  readonly source:
    | { readonly properties: readonly { readonly name: string; readonly argument: string }[] }
    | { readonly argument: string };
}

/** A body whose arguments have no names yet: those depend on what else the operation takes. */
export interface UnnamedBody {
  readonly fields: readonly Field[];
  withNames(named: (field: Field) => string): Body;
}

const FORM_TYPE = 'application/x-www-form-urlencoded';

/**
 * The body of an operation: an object's properties become arguments of their own, anything else the argument `body`.
 * @throws DocumentProblem for a body that is needed and of a type that cannot be written, naming the type.
 */
export function bodyOf(document: OpenApiDocument, value: unknown, converter: SchemaConverter): UnnamedBody | undefined {
  const { content, required } = document.resolve(value);
  const types = isRecord(content) ? content : {};
  const type =
    Object.keys(types).find(isJsonType) ??
    Object.keys(types).find((name) => name.startsWith(FORM_TYPE)) ??
    // Where anything goes, JSON does.
    Object.keys(types).find((name) => name === '*/*' || name === 'application/*');
  if (type === undefined) {
    if (required !== true) return undefined;
    const names = Object.keys(types).join(', ') || 'of no type';
    throw new DocumentProblem(`its body is ${names}; only application/json and ${FORM_TYPE} can be sent`);
  }
  const media = types[type];
  const contentType = type.includes('*') ? 'application/json' : type;
  const schema = isRecord(media) ? media['schema'] : undefined;
  const isRequired = required === true;
  return (
    spread(converter.convertTop(schema), contentType, isRequired) ??
    whole(converter.convert(schema), contentType, isRequired)
  );
}

/** Returns an argument for each property, if properties are all that the schema has. */
function spread(schema: JsonSchema, contentType: string, isRequired: boolean): UnnamedBody | undefined {
  const { type, properties, required = [], additionalProperties = false, ...rest } = schema;
  const isPlain = Object.keys(rest).every((key) =>
    ['title', 'description', 'examples', 'default', 'deprecated'].includes(key),
  );
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  // An optional body with required properties is all or nothing, which only one argument can say.
  const isAllOrNothing = !isRequired && needed.size > 0;
  if (!isPlain || type !== 'object' || !isRecord(properties) || additionalProperties !== false || isAllOrNothing)
    return undefined;
  const fields = Object.entries(properties).map(([name, property]): Field => ({
    place: 'body',
    name,
    schema: isRecord(property) ? property : {},
    isRequired: needed.has(name),
  }));
  return {
    fields,
    withNames: (named) => ({
      contentType,
      isRequired,
      source: { properties: fields.map((field) => ({ name: field.name, argument: named(field) })) },
    }),
  };
}

/** One argument for all of it. */
function whole(schema: JsonSchema, contentType: string, isRequired: boolean): UnnamedBody {
  const field: Field = { place: 'body', name: 'body', schema, isRequired };
  return { fields: [field], withNames: (named) => ({ contentType, isRequired, source: { argument: named(field) } }) };
}

/**
 * Writes the arguments of a call as a body: the text to send, undefined when nothing was given and nothing is needed.
 * @throws MeshError invalid_arguments for what a form cannot hold.
 */
export function writeBody(
  { contentType, isRequired, source }: Body,
  args: Readonly<Record<string, unknown>>,
): string | undefined {
  const isForm = contentType.startsWith(FORM_TYPE);
  if ('properties' in source) {
    const given = source.properties.flatMap(({ name, argument }): [string, unknown][] =>
      Object.hasOwn(args, argument) ? [[name, args[argument]]] : [],
    );
    if (given.length === 0 && !isRequired) return undefined;
    return isForm ? inForm(Object.fromEntries(given)) : JSON.stringify(Object.fromEntries(given));
  }
  const value = args[source.argument];
  if (value === undefined) return undefined;
  if (!isForm) return JSON.stringify(value);
  if (isRecord(value)) return inForm(value);
  throw new MeshError('invalid_arguments', `${source.argument}: must be an object, whose properties a form has`);
}
