import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Body } from '../document/body.ts';
import { fileOf } from './file-value.ts';
import { writeMultipart } from './multipart.ts';
import { inForm } from './serialize.ts';

/** A body that is ready to be sent. */
export interface WrittenBody {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

type Arguments = Readonly<Record<string, unknown>>;

/**
 * Writes the arguments of a call as a body. Returns undefined when nothing was given and nothing is needed.
 * @throws MeshError invalid_arguments for what the body cannot hold.
 */
export function writeBody(body: Body, args: Arguments): WrittenBody | undefined {
  const { kind, contentType, source } = body;
  if (kind === 'form' || kind === 'multipart') return writeFields(body, args);
  if ('properties' in source) {
    const given = givenFields(source.properties, args);
    if (given.length === 0 && !body.isRequired) return undefined;
    return { contentType, content: JSON.stringify(Object.fromEntries(given.map(({ name, value }) => [name, value]))) };
  }
  const { argument } = source;
  const value = args[argument];
  if (value === undefined) return undefined;
  if (kind === 'bytes') return writeFile(contentType, value, argument);
  const content = kind === 'text' && typeof value === 'string' ? value : JSON.stringify(value);
  return { contentType, content };
}

interface GivenField {
  readonly name: string;
  readonly value: unknown;
  readonly path: string;
}

function givenFields(
  properties: readonly { readonly name: string; readonly argument: string }[],
  args: Arguments,
): readonly GivenField[] {
  return properties
    .filter(({ argument }) => Object.hasOwn(args, argument))
    .map(({ name, argument }) => ({ name, value: args[argument], path: argument }));
}

function writeFields(body: Body, args: Arguments): WrittenBody | undefined {
  const { kind, contentType, source, parts, isRequired } = body;
  const fields = fieldsOf(source, args);
  if (fields === undefined || (fields.length === 0 && !isRequired)) return undefined;
  const given = fields.map((field) => ({ ...field, form: parts.get(field.name) }));
  if (kind === 'form') return { contentType, content: inForm(given) };
  const { contentType: typeWithBoundary, body: content } = writeMultipart(given);
  return { contentType: typeWithBoundary, content };
}

function fieldsOf(source: Body['source'], args: Arguments): readonly GivenField[] | undefined {
  if ('properties' in source) return givenFields(source.properties, args);
  const { argument } = source;
  const value = args[argument];
  if (value === undefined) return undefined;
  if (isRecord(value))
    return Object.entries(value).map(([name, item]) => ({ name, value: item, path: `${argument}.${name}` }));
  throw new MeshError('invalid_arguments', `${argument}: must be an object, whose properties a form has`);
}

function writeFile(contentType: string, value: unknown, argument: string): WrittenBody {
  const { bytes, mediaType } = fileOf(value, argument);
  const isOpen = contentType === 'application/octet-stream' && typeof value !== 'string';
  return { contentType: isOpen ? (mediaType ?? contentType) : contentType, content: bytes };
}
