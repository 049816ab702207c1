import { HttpStatusError } from '@toolmesh/shared/kit/faults/resilience';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Sender } from '../request/send-request.ts';
import { isSameHost } from '../same-host.ts';
import { wrong } from './document.ts';

export interface DocumentSource {
  /** Names the upstream in errors. */
  readonly name: string;
  /** An http or https URL, or the path of a file. */
  readonly document: URL | string;
  /** Sent along where the document is not given without them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The service's URL, if it was configured. */
  readonly baseUrl: URL | undefined;
  readonly signal: AbortSignal;
}

export const MAX_DOCUMENT_BYTES = 16 * 1_024 ** 2;
/** The text of a document, and where it came from. */
export interface DocumentText {
  readonly text: string;
  readonly url: URL;
}

/** Reads or requests a document's text. @throws MeshError upstream_failed with the correction to make; what `send` throws. */
export async function fetchDocument(source: DocumentSource, send: Sender): Promise<DocumentText> {
  const url = toUrl(source.document);
  const text =
    url.protocol === 'file:' ? await readDocument(source.name, url) : await requestDocument(url, source, send);
  return { text, url };
}

function toUrl(document: URL | string): URL {
  if (document instanceof URL) return document;
  return /^(https?|file):/.test(document) ? new URL(document) : pathToFileURL(document);
}

async function readDocument(name: string, url: URL): Promise<string> {
  try {
    const bytes = await readFile(url);
    if (bytes.length <= MAX_DOCUMENT_BYTES) return bytes.toString();
  } catch (cause) {
    throw wrong(name, 'its document cannot be read; correct "openapi" in mesh.json', cause);
  }
  throw wrong(name, `its document is larger than ${MAX_DOCUMENT_BYTES} bytes`);
}

async function requestDocument(url: URL, source: DocumentSource, send: Sender): Promise<string> {
  const { name, headers, query, baseUrl, signal } = source;
  const get = (sent: Readonly<Record<string, string>>, keys: readonly [string, string][] = []) => {
    const accepted = { accept: 'application/json, application/yaml, */*;q=0.5', ...sent };
    return send({ method: 'GET', url, headers: accepted, keys, signal });
  };
  // Keys are for the service; the document's host gets them only if it is that service, and asks.
  const isService = baseUrl === undefined || isSameHost(url, baseUrl);
  let answer = await get({});
  if (isService && (answer.status === 401 || answer.status === 403)) answer = await get(headers, Object.entries(query));
  if (answer.status >= 300) {
    const hint = isService || Object.keys({ ...headers, ...query }).length === 0 ? '' : HEADERS_STAY;
    const cause = new HttpStatusError(answer.status);
    throw wrong(name, `its document was answered with status ${answer.status}${hint}`, cause);
  }
  if (answer.headers.get('content-type')?.startsWith('text/html') === true) {
    throw wrong(name, 'its address answers with a page (text/html) and no document; correct "openapi" in mesh.json');
  }
  return answer.body.toString();
}

const HEADERS_STAY = '; "headers" are for "base_url", another host: save the document, and set "openapi" to its file';
