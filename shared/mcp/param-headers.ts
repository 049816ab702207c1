import { json, type RequestHandler } from 'express';
import { z } from 'zod';
import { isRecord } from '../kit/json/is-record.ts';

/** An argument that travels as a header beside the body, so that what stands between need not read it (SEP-2243). */
interface Mirrored {
  readonly path: readonly string[];
  /** `Mcp-Param-…` */
  readonly header: string;
}

const NONE: readonly Mirrored[] = [];
const known = new WeakMap<object, readonly Mirrored[]>();

/** The arguments that a tool's schema wants told as headers, too (`x-mcp-header`). */
function mirroredBy(inputSchema: object): readonly Mirrored[] {
  const cached = known.get(inputSchema);
  if (cached !== undefined) return cached;
  const found: Mirrored[] = [];
  collect(inputSchema, [], found);
  known.set(inputSchema, found);
  return found;
}

const Properties = z.looseObject({ properties: z.record(z.string(), z.unknown()) });
const Annotated = z.looseObject({ 'x-mcp-header': z.string().min(1) });

function collect(schema: unknown, path: readonly string[], found: Mirrored[]): void {
  const parsed = Properties.safeParse(schema);
  if (!parsed.success) return;
  for (const [key, property] of Object.entries(parsed.data.properties)) {
    const annotated = Annotated.safeParse(property);
    const here = [...path, key];
    if (annotated.success) found.push({ path: here, header: `Mcp-Param-${annotated.data['x-mcp-header']}` });
    collect(property, here, found);
  }
}

/** The `Mcp-Param-*` headers of a call with these arguments; undefined for a tool that wants none. */
export function paramHeaders(inputSchema: object | undefined, args: unknown): Record<string, string> | undefined {
  const mirrored = inputSchema === undefined ? NONE : mirroredBy(inputSchema);
  if (mirrored.length === 0) return undefined;
  const told = mirrored.flatMap(({ path, header }) => {
    const text = textOf(valueAt(args, path));
    return text === undefined ? [] : [[header, encodeHeaderValue(text)] as const];
  });
  return Object.fromEntries(told);
}

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined), args);

/** As a header has it; undefined for what has no header: nothing, and what is no plain value. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

const ENCODED = /^=\?base64\?(.*)\?=$/;

/** As it stands where a header can carry it unchanged, else `=?base64?…?=` of its UTF-8. */
export function encodeHeaderValue(text: string): string {
  const isSafe = /^[\u0021-\u007E](?:[\u0020-\u007E]*[\u0021-\u007E])?$/.test(text) && !ENCODED.test(text);
  return isSafe ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** The reverse; undefined for what is encoded wrongly. */
function decodeHeaderValue(value: string): string | undefined {
  const encoded = ENCODED.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  // Node reads what it can; only what it would write the same way is valid.
  return bytes.toString('base64') === encoded ? bytes.toString() : undefined;
}

/** Where the headers of a call say something else than its body; undefined where they agree. */
function misfitOf(mirrored: readonly Mirrored[], args: unknown, told: (header: string) => string | undefined) {
  for (const { path, header } of mirrored) {
    const value = valueAt(args, path);
    const text = textOf(value);
    if (text === undefined) continue;
    const given = told(header);
    if (given === undefined) return `the header ${header} is missing`;
    const decoded = decodeHeaderValue(given);
    if (decoded === undefined) return `the header ${header} is not valid Base64`;
    const isSame = decoded === text || (typeof value === 'number' && decoded !== '' && Number(decoded) === value);
    if (!isSame) return `the header ${header} differs from the argument ${path.join('.')}`;
  }
  return undefined;
}

/** HeaderMismatch of MCP 2026-07-28. */
const HEADER_MISMATCH = -32_020;

const Call = z.looseObject({
  id: z.union([z.string(), z.number()]).nullable().default(null),
  params: z.looseObject({ arguments: z.unknown().optional() }),
});

/**
 * Refuses calls whose `Mcp-Param-*` headers do not say what their body says, as a server must: what stands between may
 * have judged by the headers. Reads the body of a call of a tool that wants such headers, and of no other.
 */
export function checkParamHeaders(
  schemaOf: (tool: string) => object | undefined,
  maxBodyBytes: number,
): RequestHandler {
  const readBody = json({ limit: maxBodyBytes });
  return (req, res, next) => {
    if (req.method !== 'POST' || req.get('mcp-method') !== 'tools/call') return next();
    const schema = schemaOf(decodeHeaderValue(req.get('mcp-name') ?? '') ?? '');
    const mirrored = schema === undefined ? NONE : mirroredBy(schema);
    if (mirrored.length === 0) return next();
    readBody(req, res, (error: unknown) => {
      // What is no JSON is refused as MCP refuses it, by what comes next.
      if (error !== undefined && !(Error.isError(error) && 'type' in error && error.type === 'entity.parse.failed')) {
        return next(error);
      }
      const call = Call.safeParse(req.body);
      if (!call.success) return next();
      const { id, params } = call.data;
      const misfit = misfitOf(mirrored, params.arguments, (header) => req.get(header));
      if (misfit === undefined) return next();
      const message = `Bad Request: headers and body disagree: ${misfit}`;
      res.status(400).json({ jsonrpc: '2.0', error: { code: HEADER_MISMATCH, message }, id });
    });
  };
}
