import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { PartForm } from '../document/part-form.ts';
import { isJsonType } from '../document/media-types.ts';

export type Place = 'path' | 'query' | 'header' | 'cookie';

/** The form that a parameter is written in (https://spec.openapis.org/oas/v3.1.1.html#style-values). */
export interface ParameterForm {
  readonly name: string;
  readonly place: Place;
  readonly style: string;
  readonly explode: boolean;
  /** Written as JSON rather than by its style. */
  readonly isJson: boolean;
}

type Encode = (text: string) => string;

const plain: Encode = (text) => text;

/** `encodeURIComponent`, for half a character too, and the five that it leaves and servers may take for something else. */
const encode: Encode = (text) =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The items of an array, or of an object as pairs. Undefined for what is neither. */
function partsOf(
  value: unknown,
): { readonly items: readonly unknown[] } | { readonly pairs: [string, unknown][] } | undefined {
  if (Array.isArray(value)) return { items: value.filter((item) => item !== undefined && item !== null) };
  if (isRecord(value))
    return { pairs: Object.entries(value).filter(([, item]) => item !== undefined && item !== null) };
  return undefined;
}

/** Style `simple`, which paths and headers have by default: `a,b`, and `k=v` or `k,v` for objects. */
function simple(
  value: unknown,
  { explode }: ParameterForm,
  { encode: enc, separator = ',' }: { readonly encode: Encode; readonly separator?: string },
): string {
  const parts = partsOf(value);
  if (parts === undefined) return enc(textOf(value));
  if ('items' in parts) return parts.items.map((item) => enc(textOf(item))).join(separator);
  const between = explode ? '=' : separator;
  return parts.pairs.map(([key, item]) => `${enc(key)}${between}${enc(textOf(item))}`).join(separator);
}

/** A path parameter, as it stands in the path. @throws MeshError invalid_arguments for what would change the path. */
export function inPath(value: unknown, form: ParameterForm): string {
  const text = pathText(value, form);
  // Servers and proxies decode before they look for dot segments.
  const decoded = decodeURIComponent(text).split(/[/\\]/);
  if (text === '' || decoded.includes('..') || decoded.includes('.')) {
    throw unfit(form, 'must not be empty and must have no part that is "." or ".."');
  }
  return text;
}

function pathText(value: unknown, form: ParameterForm): string {
  const { name, style, explode, isJson } = form;
  if (isJson) return encode(JSON.stringify(value));
  const parts = partsOf(value);
  if (style === 'label') return `.${simple(value, form, { encode, separator: explode ? '.' : ',' })}`;
  if (style !== 'matrix') return simple(value, form, { encode });
  if (parts === undefined || !explode) return `;${encode(name)}=${simple(value, form, { encode })}`;
  if ('items' in parts) return parts.items.map((item) => `;${encode(name)}=${encode(textOf(item))}`).join('');
  return parts.pairs.map(([key, item]) => `;${encode(key)}=${encode(textOf(item))}`).join('');
}

const DELIMITERS: Readonly<Record<string, string>> = {
  spaceDelimited: '%20',
  pipeDelimited: '%7C',
  tabDelimited: '%09',
};

/** A query parameter, as `name=value` pairs that are encoded already. */
export function inQuery(value: unknown, form: ParameterForm): readonly string[] {
  const { name, style, explode, isJson } = form;
  const pair = (key: string, item: unknown) => `${encode(key)}=${encode(textOf(item))}`;
  if (isJson) return [`${encode(name)}=${encode(JSON.stringify(value))}`];
  const parts = partsOf(value);
  if (parts === undefined) return [pair(name, value)];
  if (style === 'deepObject' && 'pairs' in parts) return deep(name, value).map(([key, item]) => pair(key, item));
  if (style === 'deepObject') return deepPairs(name, value).map(([key, item]) => pair(key, item));
  if ('items' in parts) {
    if (explode || parts.items.length === 0) return parts.items.map((item) => pair(name, item));
    return [`${encode(name)}=${parts.items.map((item) => encode(textOf(item))).join(DELIMITERS[style] ?? ',')}`];
  }
  if (explode) return parts.pairs.map(([key, item]) => pair(key, item));
  const flat = parts.pairs.flatMap(([key, item]) => [encode(key), encode(textOf(item))]);
  return [`${encode(name)}=${flat.join(DELIMITERS[style] ?? ',')}`];
}

/** `name[key]`, and so on for objects in objects, which the standard leaves open and servers read like this. */
function deep(name: string, value: unknown): [string, unknown][] {
  const parts = partsOf(value);
  if (parts === undefined) return [[name, value]];
  if ('items' in parts && parts.items.some(isRecord)) return [...deepPairs(name, value)];
  if ('items' in parts) return parts.items.map((item) => [name, item]);
  return parts.pairs.flatMap(([key, item]) => deep(`${name}[${key}]`, item));
}

/** A header's value. @throws MeshError invalid_arguments for what cannot stand in one. */
export function inHeader(value: unknown, form: ParameterForm): string {
  const text = form.isJson ? JSON.stringify(value) : simple(value, form, { encode: plain });
  // https://www.rfc-editor.org/rfc/rfc9110#section-5.5: visible ASCII, space and tab.
  if (!/^[\t\x20-\x7e]*$/.test(text)) throw unfit(form, 'must be of printable ASCII characters');
  return text;
}

/** A cookie, as `name=value`. */
export const inCookie = (value: unknown, form: ParameterForm): string =>
  inQuery(value, { ...form, explode: form.explode && partsOf(value) === undefined }).join('; ');

/** A property of a form, and how its value is written. */
export interface FormField {
  readonly name: string;
  readonly value: unknown;
  readonly form: Pick<PartForm, 'contentType' | 'style' | 'explode'> | undefined;
}

/** A body as forms are sent: arrays as repeated fields and objects as JSON, unless `encoding` says otherwise. */
export function inForm(fields: readonly FormField[]): string {
  return fields
    .filter(({ value }) => value !== undefined && value !== null)
    .flatMap(inFormField)
    .join('&');
}

function inFormField({ name, value, form }: FormField): readonly string[] {
  const { contentType = '', style, explode = style === undefined || style === 'form' } = form ?? {};
  if (style === 'deepObject') return deepPairs(name, value).map(([key, text]) => `${encode(key)}=${encode(text)}`);
  const isJson = isJsonType(contentType) || (style === undefined && isRecord(value));
  return inQuery(value, { name, place: 'query', style: style ?? 'form', explode, isJson });
}

/** `name[key]` and `name[0]`, to any depth, with the text of each value: what servers read that take forms with depth. */
export function deepPairs(name: string, value: unknown): readonly [string, string][] {
  const parts = partsOf(value);
  if (parts === undefined) return [[name, textOf(value)]];
  const entries = 'items' in parts ? parts.items.map((item, i) => [String(i), item] as const) : parts.pairs;
  return entries.flatMap(([key, item]) => deepPairs(`${name}[${key}]`, item));
}

function unfit({ name }: ParameterForm, what: string): MeshError {
  return new MeshError('invalid_arguments', `${name}: ${what}`, { details: [{ path: name, message: what }] });
}
