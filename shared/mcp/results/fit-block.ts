import { isRecord } from '../../kit/json/is-record.ts';
import { mendFields, readNumber, readObject, readText, type ReadField } from '../mend/mend-fields.ts';
import { readAnnotations } from '../mend/read-annotations.ts';
import { imageTypeOf, isBase64, mendBase64 } from './base64.ts';
import { describeJson } from './describe-json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Key in a block's `_meta`: the block that it describes, which is of a type that not every client knows. */
export const BLOCK_META_KEY = 'io.toolmesh/block';

/** The receiver of a result, by what it may be sent. */
export interface Receiver {
  /** The types of content that it knows. Undefined: it takes any. */
  readonly types: ReadonlySet<string> | undefined;
  /** True if it may be sent blocks of other types in the `_meta` of their description. */
  readonly takesMeta: boolean;
}

/**
 * Returns a block of content as its receiver can have it: the same one if that is so; mended where its meaning is
 * clear; otherwise as text that says what came.
 */
export function fitBlock(block: unknown, receiver: Receiver): Fields {
  if (typeof block === 'string') return { type: 'text', text: block };
  if (!isRecord(block)) return inWords(`The server sent ${describeJson(block)} where content belongs`);
  const { type } = block;
  if (type === 'text' && typeof block['text'] === 'string' && isPlain(block)) return block;
  const fit = typeof type === 'string' ? FITS.get(type) : undefined;
  if (fit === undefined) return fitUnknown(block, receiver);
  if (receiver.types !== undefined && !receiver.types.has(String(type))) return describeBlock(block, receiver);
  const { item } = mendFields(block, COMMON);
  return fit(item) ?? inWords(`The server sent ${nameOf(type)} without what it should hold: ${describeJson(block)}`);
}

/** Returns whether a block has nothing besides its type and one field. */
const isPlain = (block: Fields): boolean => Object.keys(block).length === 2;

const COMMON: Readonly<Record<string, ReadField>> = { annotations: readAnnotations, _meta: readObject };

const inWords = (text: string, meta?: Fields): Fields => ({ type: 'text', text, ...(meta && { _meta: meta }) });
const nameOf = (type: unknown): string => `content of the type ${describeJson(type)}`;

function fitUnknown(block: Fields, receiver: Receiver): Fields {
  if (typeof block['type'] !== 'string') {
    if (typeof block['text'] === 'string') return fitBlock({ ...block, type: 'text' }, receiver);
    return inWords(`The server sent content without a type: ${describeJson(block)}`);
  }
  return receiver.types === undefined ? block : describeBlock(block, receiver);
}

/** Tells in words what a block has that its receiver does not know. */
function describeBlock(block: Fields, { takesMeta }: Receiver): Fields {
  const text = `The server sent ${nameOf(block['type'])}, which this client does not know: ${describeJson(block)}`;
  return inWords(text, takesMeta ? { [BLOCK_META_KEY]: block } : undefined);
}

/** Returns a block of a known type with the fields that it must have, or undefined if it lacks one. */
type Fit = (block: Fields) => Fields | undefined;

const FITS: ReadonlyMap<string, Fit> = new Map<string, Fit>([
  ['text', fitText],
  ['image', fitData],
  ['audio', fitData],
  ['resource', fitResource],
  ['resource_link', fitLink],
]);

function fitText(block: Fields): Fields | undefined {
  const { text } = block;
  if (typeof text === 'string') return block;
  return text === undefined || text === null ? undefined : { ...block, text: JSON.stringify(text) };
}

function fitData(block: Fields): Fields | undefined {
  const { type, data, mimeType } = block;
  if (typeof data !== 'string') return undefined;
  const mended = isBase64(data) ? { data } : mendBase64(data);
  if (mended === undefined) return undefined;
  if (mended.data === data && typeof mimeType === 'string') return block;
  const named = typeof mimeType === 'string' ? mimeType : 'mimeType' in mended ? mended.mimeType : undefined;
  const guessed = type === 'image' ? imageTypeOf(mended.data) : undefined;
  return { ...block, data: mended.data, mimeType: named ?? guessed ?? 'application/octet-stream' };
}

function fitResource(block: Fields): Fields | undefined {
  const resource = fitContents(block['resource']);
  if (resource === undefined || typeof resource['uri'] !== 'string') return undefined;
  return resource === block['resource'] ? block : { ...block, resource };
}

/** Returns the contents of a resource, text or base64, or undefined if they are none. They may lack their URI. */
export function fitContents(contents: unknown): Fields | undefined {
  if (!isRecord(contents)) return undefined;
  const { item } = mendFields(contents, { mimeType: readText, _meta: readObject });
  const { text, blob, ...rest } = item;
  if (typeof text === 'string') return blob === null ? { ...rest, text } : item;
  if (typeof blob === 'string') {
    const mended = isBase64(blob) ? blob : mendBase64(blob)?.data;
    if (mended !== undefined) return mended === blob && text === undefined ? item : { ...rest, blob: mended };
  }
  return text === undefined || text === null ? undefined : { ...rest, text: JSON.stringify(text) };
}

function fitLink(block: Fields): Fields | undefined {
  const { uri, name, title } = block;
  if (typeof uri !== 'string') return undefined;
  const { item } = mendFields(block, { title: readText, description: readText, mimeType: readText, size: readNumber });
  if (typeof name === 'string') return item;
  return { ...item, name: typeof title === 'string' ? title : uri };
}
