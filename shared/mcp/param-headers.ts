import { z } from 'zod';
import { isRecord } from '../kit/json/is-record.ts';

/** An argument that is repeated in a header, so that proxies need not read the body (`x-mcp-header`, SEP-2243). */
export interface MirroredArgument {
  readonly path: readonly string[];
  /** `Mcp-Param-…` */
  readonly header: string;
}

/** Returns the mirrored arguments of a tool with this schema. */
export type MirroredArgumentsOf = (inputSchema: object | undefined) => readonly MirroredArgument[];

/** Reads the mirrored arguments of each schema once; a list that is refreshed brings new schemas. */
export function createMirroredArguments(): MirroredArgumentsOf {
  const known = new WeakMap<object, readonly MirroredArgument[]>();
  return (inputSchema) => {
    if (inputSchema === undefined) return [];
    const cached = known.get(inputSchema);
    if (cached !== undefined) return cached;
    const found = mirroredIn(inputSchema, []);
    known.set(inputSchema, found);
    return found;
  };
}

const Properties = z.looseObject({ properties: z.record(z.string(), z.unknown()) });
const Annotated = z.looseObject({ 'x-mcp-header': z.string().min(1) });

function mirroredIn(schema: unknown, path: readonly string[]): readonly MirroredArgument[] {
  const parsed = Properties.safeParse(schema);
  if (!parsed.success) return [];
  return Object.entries(parsed.data.properties).flatMap(([key, property]) => {
    const annotated = Annotated.safeParse(property);
    const here = [...path, key];
    const own = annotated.success ? [{ path: here, header: `Mcp-Param-${annotated.data['x-mcp-header']}` }] : [];
    return [...own, ...mirroredIn(property, here)];
  });
}

/** Returns the `Mcp-Param-*` headers of a call with these arguments. Undefined for a tool without any. */
export function paramHeaders(
  mirrored: readonly MirroredArgument[],
  args: unknown,
): Readonly<Record<string, string>> | undefined {
  if (mirrored.length === 0) return undefined;
  const headers = mirrored.flatMap(({ path, header }) => {
    const text = textOf(valueAt(args, path));
    return text === undefined ? [] : [[header, encodeHeaderValue(text)] as const];
  });
  return Object.fromEntries(headers);
}

/** Returns in words where the headers of a call differ from its arguments. Undefined if they agree. */
export function paramHeaderMismatch(
  mirrored: readonly MirroredArgument[],
  args: unknown,
  headerOf: (name: string) => string | undefined,
): string | undefined {
  for (const { path, header } of mirrored) {
    const value = valueAt(args, path);
    const text = textOf(value);
    if (text === undefined) continue;
    const given = headerOf(header);
    if (given === undefined) return `the header ${header} is missing`;
    const decoded = decodeHeaderValue(given);
    if (decoded === undefined) return `the header ${header} is not valid Base64`;
    const isSame = decoded === text || (typeof value === 'number' && decoded !== '' && Number(decoded) === value);
    if (!isSame) return `the header ${header} differs from the argument ${path.join('.')}`;
  }
  return undefined;
}

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined), args);

/** Returns a value as a header has it. Undefined for what has no header: nothing, and what is no plain value. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

const ENCODED = /^=\?base64\?(.*)\?=$/;
const PLAIN = /^[\u0021-\u007E](?:[\u0020-\u007E]*[\u0021-\u007E])?$/;

/** Returns `text` itself if a header can carry it unchanged, else `=?base64?…?=` of its UTF-8 (SEP-2243). */
export function encodeHeaderValue(text: string): string {
  const isPlain = PLAIN.test(text) && !ENCODED.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** Reverses {@link encodeHeaderValue}. Undefined if the encoding is invalid. */
export function decodeHeaderValue(value: string): string | undefined {
  const encoded = ENCODED.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  // Node reads what it can; only what it would write the same way is valid.
  return bytes.toString('base64') === encoded ? bytes.toString() : undefined;
}
