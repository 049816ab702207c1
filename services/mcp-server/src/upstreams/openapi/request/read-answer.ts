import { STATUS_CODES } from 'node:http';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { isDeepJson, MAX_JSON_DEPTH } from '@toolmesh/shared/kit/json/depth';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { ContentBlock } from '@toolmesh/shared/contracts/tool';
import { isJsonType, isTextType } from '../document/media-types.ts';
import { plainTextOf, textOf } from './answer-text.ts';
import type { ApiAnswer } from './send-request.ts';

/** The part of a result that comes from an answer. */
export interface ReadAnswer {
  readonly is_error: boolean;
  readonly content: ContentBlock[];
  readonly structured_content?: unknown;
}

/** Levels of JSON that fit into a message of MCP, as the structured content of a result. */
const MAX_ANSWER_DEPTH = MAX_JSON_DEPTH - 3;

/** Length of a refusal's body that is shown: the reason stands at its beginning. */
const EXCERPT_CHARS = 4_000;

/**
 * Converts an answer to content: JSON (an object as it is, anything else as `{result}`), text, images and audio, and an
 * embedded resource for anything else. An answer that does not name its type is what it looks like.
 */
export function readAnswer(answer: ApiAnswer): ReadAnswer {
  const { status, headers, body, url } = answer;
  const { mimeType, charset } = typeOf(headers.get('content-type'));
  const statusLine = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const text = textIn(body, mimeType, charset);
  if (status >= 300) {
    const lines = [
      statusLine,
      ...['retry-after', 'location'].flatMap((name) => headerLine(headers, name)),
      text?.slice(0, EXCERPT_CHARS) ?? describe(body, mimeType),
    ];
    return { is_error: true, content: [{ type: 'text', text: lines.filter((line) => line !== '').join('\n') }] };
  }
  if (body.length === 0) return { is_error: false, content: [{ type: 'text', text: statusLine }] };
  if (text === undefined) return { is_error: false, content: binary(body, mimeType, { headers, url }) };
  if (isJsonType(mimeType)) return readJson(text, statusLine);
  const untyped = mimeType === '' && !isDeepJson(text, MAX_ANSWER_DEPTH) ? parseJson(text) : undefined;
  if (untyped !== undefined) return ofJson(text, untyped);
  return { is_error: false, content: [{ type: 'text', text }] };
}

interface ContentType {
  /** In lower case; empty for an answer that names none. */
  readonly mimeType: string;
  readonly charset: string | undefined;
}

function typeOf(header: string | null): ContentType {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim());
  const charset = parameters.find((parameter) => /^charset\s*=/i.test(parameter));
  const isType = /^[^\s/]+\/[^\s/*]+$/.test(type);
  return {
    mimeType: isType ? type.toLowerCase() : '',
    charset: charset?.slice(charset.indexOf('=') + 1).replaceAll(/["'\s]/g, ''),
  };
}

/** Returns the text of a body. Undefined if it is none. */
function textIn(body: Buffer, mimeType: string, charset: string | undefined): string | undefined {
  if (isTextType(mimeType)) return textOf(body, charset);
  return mimeType === '' ? plainTextOf(body) : undefined;
}

const NAMES: Readonly<Record<string, string>> = { 'retry-after': 'Retry-After', location: 'Location' };

function headerLine(headers: Headers, name: string): readonly string[] {
  const value = headers.get(name);
  // The query of a location may repeat the keys that were sent.
  return value === null ? [] : [`${NAMES[name] ?? name}: ${(value.split('?')[0] ?? '').slice(0, EXCERPT_CHARS)}`];
}

function readJson(text: string, statusLine: string): ReadAnswer {
  const isDeep = isDeepJson(text, MAX_ANSWER_DEPTH);
  const json = isDeep ? undefined : parseJson(text);
  if (json !== undefined) return ofJson(text, json);
  const problem = isDeep ? `JSON of more than ${MAX_ANSWER_DEPTH} levels` : 'no valid JSON';
  const shown = `${statusLine}, but ${problem}: ${text.slice(0, EXCERPT_CHARS)}`;
  return { is_error: true, content: [{ type: 'text', text: shown }] };
}

const ofJson = (text: string, json: unknown): ReadAnswer => ({
  is_error: false,
  content: [{ type: 'text', text }],
  structured_content: isRecord(json) ? json : { result: json },
});

/** Returns blocks for a body that is no text: a model is told of what it cannot read, and a client gets the bytes. */
function binary(body: Buffer, mimeType: string, { headers, url }: Pick<ApiAnswer, 'headers' | 'url'>): ContentBlock[] {
  const [kind] = mimeType.split('/');
  const data = body.toString('base64');
  if (kind === 'image' || kind === 'audio') return [{ type: kind, data, mimeType }];
  const name = fileName(headers.get('content-disposition'));
  const resource = {
    uri: plainUrl(url),
    mimeType: mimeType === '' ? 'application/octet-stream' : mimeType,
    blob: data,
  };
  const described = `${describe(body, mimeType)}${name === undefined ? '' : `, ${name}`}`;
  return [
    { type: 'text', text: described },
    { type: 'resource', resource },
  ];
}

/** Returns a URL without what may be secret in it. */
const plainUrl = (url: URL): string => `${url.origin}${url.pathname}`;

/** Returns the file name of a `content-disposition` header (RFC 6266), without folders. */
function fileName(header: string | null): string | undefined {
  const [, extended] = /;\s*filename\*\s*=\s*utf-8''([^;\s]+)/i.exec(header ?? '') ?? [];
  const [, quoted, plain] = /;\s*filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(header ?? '') ?? [];
  const name = (extended === undefined ? (quoted ?? plain) : decoded(extended))?.split(/[/\\]/).at(-1);
  return name === undefined || name === '' ? undefined : name.slice(0, 200);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const describe = (body: Buffer, mimeType: string): string =>
  body.length === 0 ? '' : `${body.length} bytes of ${mimeType === '' ? 'an unnamed type' : mimeType}`;
