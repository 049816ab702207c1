import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import type { JsonObject } from './references.ts';
import { isTextType } from './media-types.ts';

const HINT =
  'A file: its text, a data: URL, or an object with its bytes in base64 as data, or with its text, and where known with filename and media_type.';

const FORMS: readonly JsonSchema[] = [
  { type: 'string' },
  {
    type: 'object',
    properties: {
      data: { type: 'string', contentEncoding: 'base64' },
      text: { type: 'string' },
      filename: { type: 'string' },
      media_type: { type: 'string' },
    },
    additionalProperties: false,
  },
];

/** Returns the schema of an argument that is a file. */
export function fileSchema(description: unknown): JsonSchema {
  const own = typeof description === 'string' && description !== '' ? `${description}\n` : '';
  return { description: `${own}${HINT}`, anyOf: FORMS };
}

/** Tells whether a schema is one of {@link fileSchema}. */
export const isFileSchema = (schema: unknown): boolean => isRecord(schema) && schema['anyOf'] === FORMS;

/** Tells whether a document's schema is one of bytes: `binary` in OpenAPI 3.0, `contentMediaType` in 3.1, `file` in 2.0. */
export function isBinary({ type, format, contentMediaType, contentEncoding }: JsonObject): boolean {
  if (type === 'file' || format === 'binary') return true;
  const isText = type === 'string' || (Array.isArray(type) && type.includes('string'));
  return (
    isText && contentEncoding === undefined && typeof contentMediaType === 'string' && !isTextType(contentMediaType)
  );
}
