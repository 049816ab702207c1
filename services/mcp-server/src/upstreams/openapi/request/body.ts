import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import { DocumentProblem, type OpenApiDocument } from '../document/document.ts';
import { isJsonType } from '../document/media-types.ts';
import type { Field } from '../document/field.ts';
import type { SchemaConverter } from '../document/schemas.ts';
import { inForm } from './serialize.ts';

/** Writes the arguments of a call as the body of a request. */
export interface Body {
  readonly contentType: string;
  /** The text to send; undefined when nothing was given and nothing is needed. */
  write(args: Readonly<Record<string, unknown>>): string | undefined;
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
  const isForm = contentType.startsWith(FORM_TYPE);
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
      write(args) {
        const given = fields.flatMap((field): [string, unknown][] =>
          Object.hasOwn(args, named(field)) ? [[field.name, args[named(field)]]] : [],
        );
        if (given.length === 0 && !isRequired) return undefined;
        return isForm ? inForm(Object.fromEntries(given)) : JSON.stringify(Object.fromEntries(given));
      },
    }),
  };
}

/** One argument for all of it. */
function whole(schema: JsonSchema, contentType: string, isRequired: boolean): UnnamedBody {
  const field: Field = { place: 'body', name: 'body', schema, isRequired };
  return {
    fields: [field],
    withNames: (named) => ({
      contentType,
      write(args) {
        const value = args[named(field)];
        if (value === undefined) return undefined;
        if (!contentType.startsWith(FORM_TYPE)) return JSON.stringify(value);
        if (isRecord(value)) return inForm(value);
        throw new MeshError('invalid_arguments', `${named(field)}: must be an object, whose properties a form has`);
      },
    }),
  };
}
