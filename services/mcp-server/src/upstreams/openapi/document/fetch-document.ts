import { readFile, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { HttpStatusError } from '@toolmesh/shared/kit/faults/resilience';
import type { ApiAnswer, Sender } from '../request/send-request.ts';
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
  /** The version that was read before. */
  readonly known: DocumentVersion | undefined;
  readonly signal: AbortSignal;
}

/** Tells one version of a document from another, as far as its server or the file system says. */
export interface DocumentVersion {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Of a file: its time of change, size and number. */
  readonly stamp?: string | undefined;
}

export const MAX_DOCUMENT_BYTES = 64 * 1_024 ** 2;

/** A document that was read, and where it came from. */
export interface DocumentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly url: URL;
  readonly version: DocumentVersion;
}

/**
 * Reads or requests a document. Returns undefined if it is certainly the version that is known.
 * @throws MeshError upstream_failed with the correction to make; what `send` throws.
 */
export function fetchDocument(source: DocumentSource, send: Sender): Promise<DocumentBytes | undefined> {
  const url = toUrl(source.document);
  return url.protocol === 'file:' ? readDocument(source, url) : requestDocument(url, source, send);
}

function toUrl(document: URL | string): URL {
  if (document instanceof URL) return document;
  return /^(https?|file):/.test(document) ? new URL(document) : pathToFileURL(document);
}

async function readDocument({ name, known }: DocumentSource, url: URL): Promise<DocumentBytes | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(url);
    const stamp = `${mtimeMs} ${size} ${ino}`;
    if (stamp === known?.stamp) return undefined;
    if (size <= MAX_DOCUMENT_BYTES) return { bytes: own(await readFile(url)), url, version: { stamp } };
  } catch (cause) {
    throw wrong(name, 'its document cannot be read; correct "openapi" in mesh.json', cause);
  }
  throw wrong(name, `its document is larger than ${MAX_DOCUMENT_BYTES} bytes`);
}

/** Returns bytes that no other buffer shares, so that a thread may take them. */
const own = (bytes: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

const ACCEPT = { accept: 'application/json, application/yaml, */*;q=0.5', 'accept-encoding': 'gzip, deflate, br' };

async function requestDocument(url: URL, source: DocumentSource, send: Sender): Promise<DocumentBytes | undefined> {
  const { name, headers, query, baseUrl, known, signal } = source;
  const get = (sent: Readonly<Record<string, string>>, keys: readonly [string, string][] = []) =>
    send({ method: 'GET', url, headers: { ...ACCEPT, ...conditions(known), ...sent }, keys, signal });
  // Keys are for the service; the document's host gets them only if it is that service, and asks.
  const isService = baseUrl === undefined || isSameHost(url, baseUrl);
  let answer = await get({});
  if (isService && (answer.status === 401 || answer.status === 403)) answer = await get(headers, Object.entries(query));
  if (answer.status === 304 && known !== undefined) return undefined;
  if (answer.status >= 300) {
    const hint = isService || Object.keys({ ...headers, ...query }).length === 0 ? '' : HEADERS_STAY;
    const cause = new HttpStatusError(answer.status);
    throw wrong(name, `its document was answered with status ${answer.status}${hint}`, cause);
  }
  if (isPage(answer)) {
    throw wrong(name, 'its address answers with a page (text/html) and no document; correct "openapi" in mesh.json');
  }
  return { bytes: own(answer.body), url, version: versionOf(answer) };
}

/** Some servers call any file a page: it is one if it begins like one. */
const isPage = ({ headers, body }: ApiAnswer): boolean =>
  headers.get('content-type')?.startsWith('text/html') === true && /^\s*</.test(body.toString('latin1', 0, 200));

function conditions({ etag, lastModified }: DocumentVersion = {}): Readonly<Record<string, string>> {
  if (etag !== undefined) return { 'if-none-match': etag };
  return lastModified === undefined ? {} : { 'if-modified-since': lastModified };
}

const versionOf = ({ headers }: ApiAnswer): DocumentVersion => ({
  etag: headers.get('etag') ?? undefined,
  lastModified: headers.get('last-modified') ?? undefined,
});

const HEADERS_STAY = '; "headers" are for "base_url", another host: save the document, and set "openapi" to its file';
