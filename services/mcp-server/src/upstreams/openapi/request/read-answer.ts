import { STATUS_CODES } from '@toolmesh/shared/kit/http/node-http';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { isDeepJson, MAX_JSON_DEPTH } from '@toolmesh/shared/kit/json/depth';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { ContentBlock } from '@toolmesh/shared/contracts/tool';
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

/** Converts an answer to content: JSON (an object as it is, anything else as `{result}`), text, images, or a description. */
export function readAnswer({ status, headers, body }: ApiAnswer): ReadAnswer {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').split(';').map((part) => part.trim());
  const mimeType = type.toLowerCase();
  const statusLine = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status >= 300) {
    const excerpt = isText(mimeType) ? decode(body, parameters).slice(0, EXCERPT_CHARS) : describe(body, mimeType);
    const retry = headers.get('retry-after');
    const lines = [
      statusLine,
      ...(retry === null ? [] : [`Retry-After: ${retry}`]),
      ...(excerpt === '' ? [] : [excerpt]),
    ];
    return { is_error: true, content: [{ type: 'text', text: lines.join('\n') }] };
  }
  if (body.length === 0) return { is_error: false, content: [{ type: 'text', text: statusLine }] };
  if (isJson(mimeType)) return readJson(decode(body, parameters), statusLine);
  return { is_error: false, content: [blockOf(body, mimeType, parameters)] };
}

function readJson(text: string, statusLine: string): ReadAnswer {
  const isDeep = isDeepJson(text, MAX_ANSWER_DEPTH);
  const json = isDeep ? undefined : parseJson(text);
  if (json === undefined) {
    const problem = isDeep ? `JSON of more than ${MAX_ANSWER_DEPTH} levels` : 'no valid JSON';
    const shown = `${statusLine}, but ${problem}: ${text.slice(0, EXCERPT_CHARS)}`;
    return { is_error: true, content: [{ type: 'text', text: shown }] };
  }
  const structured_content = isRecord(json) ? json : { result: json };
  return { is_error: false, content: [{ type: 'text', text }], structured_content };
}

function blockOf(body: Buffer, mimeType: string, parameters: readonly string[]): ContentBlock {
  if (isText(mimeType)) return { type: 'text', text: decode(body, parameters) };
  const [kind] = mimeType.split('/');
  if (kind === 'image' || kind === 'audio') return { type: kind, data: body.toString('base64'), mimeType };
  return { type: 'text', text: describe(body, mimeType) };
}

const isJson = (mimeType: string): boolean => /^application\/(.+\+)?json$/.test(mimeType);

const isText = (mimeType: string): boolean =>
  isJson(mimeType) ||
  mimeType.startsWith('text/') ||
  /^application\/(.+\+)?(xml|yaml|x-yaml|javascript|x-ndjson|graphql)$/.test(mimeType);

const describe = (body: Buffer, mimeType: string): string =>
  body.length === 0 ? '' : `${body.length} bytes of ${mimeType === '' ? 'an unnamed type' : mimeType}`;

function decode(body: Buffer, parameters: readonly string[]): string {
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter))?.slice('charset='.length);
  try {
    return new TextDecoder(charset?.replaceAll('"', '') ?? 'utf-8').decode(body);
  } catch {
    return body.toString();
  }
}
