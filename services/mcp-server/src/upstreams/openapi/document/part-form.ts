import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import type { OpenApiDocument } from './document.ts';
import { fileSchema, isFileSchema } from './file-schema.ts';
import { isJsonType, isTextType } from './media-types.ts';

/** The way in which a property of a form is written, as `encoding` of the document says. */
export interface PartForm {
  /** Its value is a file, or a list of files. */
  readonly isFile: boolean;
  readonly contentType: string | undefined;
  readonly style: string | undefined;
  readonly explode: boolean | undefined;
}

export type Encoding = Omit<PartForm, 'isFile'>;

/** Reads `encoding` of a media type: by property. */
export function readEncodings(document: OpenApiDocument, value: unknown): ReadonlyMap<string, Encoding> {
  const encodings = new Map<string, Encoding>();
  for (const [name, given] of Object.entries(isRecord(value) ? value : {})) {
    const { contentType, style, explode } = isRecord(given) ? document.resolve(given) : {};
    encodings.set(name, {
      // Of several types, the first one is as good as any.
      contentType: typeof contentType === 'string' ? contentType.split(',')[0]?.trim() : undefined,
      style: typeof style === 'string' ? style : undefined,
      explode: typeof explode === 'boolean' ? explode : undefined,
    });
  }
  return encodings;
}

const NO_ENCODING: Encoding = { contentType: undefined, style: undefined, explode: undefined };

export interface PartsSource {
  /** The schema of the body, converted. */
  readonly schema: JsonSchema;
  /** The schemas that it refers to, by name. */
  readonly definitions: JsonSchema | undefined;
  readonly encodings: ReadonlyMap<string, Encoding>;
  readonly takesFiles: boolean;
}

export interface Parts {
  /** The schema, in which properties whose encoding is that of a file are files. */
  readonly withFiles: JsonSchema;
  /** By property. */
  readonly parts: ReadonlyMap<string, PartForm>;
}

/** Returns the form of each property of a body. */
export function readParts({ schema, definitions = {}, encodings, takesFiles }: PartsSource): Parts {
  const own = isRecord(schema['properties']) ? schema['properties'] : {};
  const parts = new Map<string, PartForm>();
  const files: Record<string, JsonSchema> = {};
  const all = new Map(propertiesIn(schema, { definitions, seen: new Set() }));
  for (const name of new Set([...all.keys(), ...encodings.keys()])) {
    const encoding = encodings.get(name) ?? NO_ENCODING;
    const property = all.get(name);
    const holdsFiles = hasFiles(property, { definitions, seen: new Set() });
    const isSent = takesFiles && isFileType(encoding.contentType);
    parts.set(name, { ...encoding, isFile: isSent || (takesFiles && holdsFiles) });
    if (isSent && !holdsFiles && isRecord(own[name])) files[name] = toFiles(own[name]);
  }
  const withFiles = Object.keys(files).length === 0 ? schema : { ...schema, properties: { ...own, ...files } };
  return { withFiles, parts };
}

const isFileType = (type: string | undefined): boolean =>
  type !== undefined && type !== '*/*' && !isJsonType(type) && !isTextType(type);

function toFiles(schema: JsonSchema): JsonSchema {
  const { items } = schema;
  if (schema['type'] !== 'array') return fileSchema(schema['description']);
  return { ...schema, items: fileSchema(isRecord(items) ? items['description'] : undefined) };
}

const ALTERNATIVES = ['allOf', 'anyOf', 'oneOf'];

/** A walk over a schema that may refer to itself. */
interface Walk {
  readonly definitions: JsonSchema;
  /** Each part is looked at once. */
  readonly seen: Set<unknown>;
}

function isNew(schema: unknown, { seen }: Walk): schema is JsonSchema {
  if (!isRecord(schema) || seen.has(schema)) return false;
  seen.add(schema);
  return true;
}

function membersOf(schema: JsonSchema, { definitions }: Walk): readonly unknown[] {
  const { $ref } = schema;
  const name = typeof $ref === 'string' ? $ref.slice('#/$defs/'.length) : undefined;
  const target = name !== undefined && Object.hasOwn(definitions, name) ? [definitions[name]] : [];
  const lists = ALTERNATIVES.map((key) => schema[key]).filter((list) => Array.isArray(list));
  return [...target, ...lists.flat()];
}

/** Lists the properties that a body may have, those of its alternatives included. */
function propertiesIn(schema: unknown, walk: Walk): [string, unknown][] {
  if (!isNew(schema, walk)) return [];
  const own = isRecord(schema['properties']) ? Object.entries(schema['properties']) : [];
  return [...membersOf(schema, walk).flatMap((member) => propertiesIn(member, walk)), ...own];
}

/** Tells whether a value of a schema may be a file, or a list of files. */
function hasFiles(schema: unknown, walk: Walk): boolean {
  if (!isNew(schema, walk)) return false;
  return isFileSchema(schema) || [schema['items'], ...membersOf(schema, walk)].some((member) => hasFiles(member, walk));
}
