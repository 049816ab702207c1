import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import type { OpenApiDocument } from './document.ts';
import { DocumentProblem, type JsonObject } from './references.ts';
import type { Field } from './field.ts';
import { fileSchema } from './file-schema.ts';
import { bareType, isJsonType, isTextType } from './media-types.ts';
import { type PartForm, readEncodings, readParts } from './part-form.ts';
import type { SchemaConverter } from './schemas.ts';

/** The way in which a body is written. `bytes`: the body is a file. */
export type BodyKind = 'json' | 'form' | 'multipart' | 'text' | 'bytes';

/** The body of a request: an object with a property for each of some arguments, or the value of one argument. */
export interface Body {
  readonly kind: BodyKind;
  readonly contentType: string;
  readonly isRequired: boolean;
  readonly source:
    | { readonly properties: readonly { readonly name: string; readonly argument: string }[] }
    | { readonly argument: string };
  /** By property, for forms. */
  readonly parts: ReadonlyMap<string, PartForm>;
}

/** A body whose arguments have no names yet: those depend on what else the operation takes. */
export interface UnnamedBody {
  readonly fields: readonly Field[];
  withNames(named: (field: Field) => string): Body;
}

type Kind = Pick<Body, 'kind' | 'contentType' | 'isRequired'>;

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The order in which the types of a body are chosen: what models write best comes first. */
const CHOICE: readonly (readonly [BodyKind, (type: string) => boolean])[] = [
  ['json', (type) => type === 'application/json'],
  // Of patches, this is the one that looks like the object itself.
  ['json', (type) => type === 'application/merge-patch+json'],
  ['json', isJsonType],
  ['form', (type) => type === FORM_TYPE],
  ['multipart', (type) => type === 'multipart/form-data' || type === 'multipart/*'],
  // Where anything goes, JSON does.
  ['json', (type) => type === '*/*' || type === 'application/*'],
  ['text', isTextType],
  ['bytes', (type) => !type.startsWith('multipart/') && type.includes('/')],
];

/**
 * Reads the body of an operation: an object's properties become arguments of their own, anything else the argument `body`.
 * @throws DocumentProblem for a body that is needed and of a type that cannot be written, naming the type.
 */
export function bodyOf(document: OpenApiDocument, value: unknown, converter: SchemaConverter): UnnamedBody | undefined {
  const { content, required } = document.resolve(value);
  const types = isRecord(content) ? content : {};
  const isRequired = required === true;
  for (const [kind, is] of CHOICE) {
    const type = Object.keys(types).find((name) => is(bareType(name)));
    if (type === undefined) continue;
    const media = isRecord(types[type]) ? types[type] : {};
    return readBody(document, { kind, contentType: concrete(kind, type), isRequired }, { media, converter });
  }
  if (!isRequired) return undefined;
  const names = Object.keys(types).join(', ') || 'of no type';
  throw new DocumentProblem(`its body is ${names}, which cannot be sent`);
}

function concrete(kind: BodyKind, type: string): string {
  if (kind === 'multipart') return 'multipart/form-data';
  if (!type.includes('*')) return type;
  if (kind === 'json') return 'application/json';
  return kind === 'text' ? 'text/plain' : 'application/octet-stream';
}

interface Media {
  readonly media: JsonObject;
  readonly converter: SchemaConverter;
}

function readBody(document: OpenApiDocument, kind: Kind, { media, converter }: Media): UnnamedBody {
  const { schema } = media;
  if (kind.kind === 'bytes') return whole(fileSchema(textAt(schema, 'description')), kind, new Map());
  if (kind.kind === 'text') return whole(textSchema(kind.contentType, converter.convertTop(schema)), kind, new Map());
  const takesFiles = kind.kind === 'multipart';
  const top = converter.convertTop(schema, takesFiles);
  if (kind.kind === 'json') return spread(top, kind, new Map()) ?? whole(converter.convert(schema), kind, new Map());
  const encodings = readEncodings(document, media['encoding']);
  const { withFiles, parts } = readParts({ schema: top, encodings, takesFiles, definitions: converter.definitions() });
  return spread(withFiles, kind, parts) ?? whole(withFiles, kind, parts);
}

const textAt = (schema: unknown, key: string): unknown => (isRecord(schema) ? schema[key] : undefined);

function textSchema(contentType: string, schema: JsonSchema): JsonSchema {
  if (schema['type'] === 'string') return schema;
  const { description } = schema;
  const own = typeof description === 'string' && description !== '' ? `${description}\n` : '';
  return { type: 'string', description: `${own}The body as text, in ${contentType}.` };
}

/** Returns an argument for each property, if properties are all that the schema has. */
function spread(schema: JsonSchema, kind: Kind, parts: Body['parts']): UnnamedBody | undefined {
  const { type, properties, required = [], additionalProperties = false, ...rest } = schema;
  const isPlain = Object.keys(rest).every((key) =>
    ['title', 'description', 'examples', 'default', 'deprecated'].includes(key),
  );
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  // An optional body with required properties is all or nothing, which only one argument can say.
  const isAllOrNothing = !kind.isRequired && needed.size > 0;
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
      ...kind,
      parts,
      source: { properties: fields.map((field) => ({ name: field.name, argument: named(field) })) },
    }),
  };
}

/** One argument for all of it. */
function whole(schema: JsonSchema, kind: Kind, parts: Body['parts']): UnnamedBody {
  const field: Field = { place: 'body', name: 'body', schema, isRequired: kind.isRequired };
  return { fields: [field], withNames: (named) => ({ ...kind, parts, source: { argument: named(field) } }) };
}
