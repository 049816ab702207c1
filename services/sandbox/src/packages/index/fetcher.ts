import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { rootCause } from '@toolmesh/shared/kit/faults/errors';
import {
  createConnections,
  type HttpAnswer,
  type HttpRequest,
  type ProxySettings,
} from '@toolmesh/shared/kit/http/connections';
import { ACCEPTED_ENCODINGS, decodeBody } from '@toolmesh/shared/kit/http/decode-body';
import { followRedirects, isRedirect, type RedirectRules } from '@toolmesh/shared/kit/http/follow-redirects';
import { Refusal } from '../refusal.ts';

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly accept?: string;
}

export interface FetchedText {
  readonly contentType: string;
  readonly text: string;
}

export interface FetchedFile {
  readonly bytes: number;
  readonly sha256: string;
  /** As in `integrity` of npm: base64. */
  readonly sha512: string;
}

/** Gets pages and files of package indexes, within bounds of size and time. */
export interface Fetcher {
  /** @throws Refusal not_found, too_large, index_unreachable */
  text(url: string, options: FetchOptions): Promise<FetchedText>;
  /** Writes the file to `path`. @throws Refusal not_found, too_large, index_unreachable */
  download(url: string, path: string, options: FetchOptions): Promise<FetchedFile>;
  /** Hands the content to `take`, which may stop before its end. @throws as {@link download} */
  read<T>(url: string, options: FetchOptions, take: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface FetcherOptions {
  readonly proxy?: ProxySettings | undefined;
  /** For one page, redirects included. */
  readonly pageTimeoutMs?: number | undefined;
  readonly fileTimeoutMs?: number | undefined;
}

const CONNECT_MS = 10_000;
const MAX_REDIRECTS = 10;

export function createFetcher({
  proxy = {},
  pageTimeoutMs = 30_000,
  fileTimeoutMs = 180_000,
}: FetcherOptions): Fetcher {
  // Each answer has a bound of its own, on what it is decoded to.
  const connections = createConnections({
    connectMs: CONNECT_MS,
    idleMs: pageTimeoutMs,
    proxy,
    isTraced: false,
    maxResponseBytes: Number.POSITIVE_INFINITY,
  });
  const send = (request: HttpRequest) =>
    connections.exchange(request, async (answer) => {
      if (isRedirect(answer)) await answer.body.dump();
      return answer;
    });

  const get = async <T>(
    { url, timeoutMs, signal, accept = '*/*', maxBytes }: Asked,
    read: (received: Received) => Promise<T>,
  ): Promise<T> => {
    const late = () => new Refusal('index_unreachable', `${hostOf(url)} did not answer within ${timeoutMs} ms`);
    return withDeadline({ signal, ms: timeoutMs, late }, async (limited) => {
      try {
        const headers = { accept, 'accept-encoding': ACCEPTED_ENCODINGS, 'user-agent': 'toolmesh' };
        const request = { method: 'GET', url: new URL(url), headers, signal: limited } as const;
        const { answer } = await followRedirects(request, send, redirectsOf(url));
        await refuseAnswer(url, answer, maxBytes);
        const body = bounded(url, decodeBody(answer), maxBytes);
        return await read({ headers: answer.headers, body, signal: limited });
      } catch (cause) {
        limited.throwIfAborted();
        throw cause instanceof Refusal ? cause : unreachable(url, cause);
      }
    });
  };

  return {
    text: (url, options) =>
      get({ url, timeoutMs: pageTimeoutMs, ...options }, async ({ body, headers }) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        return { contentType: String(headers['content-type'] ?? ''), text: Buffer.concat(chunks).toString() };
      }),
    download: (url, path, options) =>
      get({ url, timeoutMs: fileTimeoutMs, ...options }, ({ body, signal }) => writeHashed(body, path, signal)),
    read: (url, options, take) => get({ url, timeoutMs: fileTimeoutMs, ...options }, ({ body }) => take(body)),
    close: connections.close,
  };
}

interface Asked extends FetchOptions {
  readonly url: string;
  readonly timeoutMs: number;
}

interface Received {
  readonly headers: HttpAnswer['headers'];
  /** Decoded, and within the bounds that were asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

async function writeHashed(body: AsyncIterable<Uint8Array>, path: string, signal: AbortSignal): Promise<FetchedFile> {
  const sha256 = createHash('sha256');
  const sha512 = createHash('sha512');
  let bytes = 0;
  const hashed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      sha256.update(chunk);
      sha512.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  await pipeline(hashed(), createWriteStream(path, { flags: 'wx' }), { signal });
  return { bytes, sha256: sha256.digest('hex'), sha512: sha512.digest('base64') };
}

const redirectsOf = (url: string): RedirectRules => ({
  max: MAX_REDIRECTS,
  tooMany: () => new Refusal('index_unreachable', `${hostOf(url)} redirects again and again`),
  check(from, to) {
    if (from.protocol === 'https:' && to.protocol !== 'https:') {
      throw new Refusal('index_unreachable', `${hostOf(url)} redirects to an address without encryption`);
    }
  },
});

async function refuseAnswer(url: string, answer: HttpAnswer, maxBytes: number): Promise<void> {
  const problem = problemOf(url, answer, maxBytes);
  if (problem === undefined) return;
  // Nobody reads the rest: its connection is given up, unless little is left.
  await answer.body.dump();
  throw problem;
}

function problemOf(url: string, { statusCode, headers }: HttpAnswer, maxBytes: number): Refusal | undefined {
  if (statusCode === 404 || statusCode === 410) {
    return new Refusal('not_found', `${hostOf(url)} has no such package or file`);
  }
  if (statusCode >= 300) return new Refusal('index_unreachable', `${hostOf(url)} answered with status ${statusCode}`);
  return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(url, maxBytes) : undefined;
}

async function* bounded(url: string, body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(url, maxBytes);
    yield chunk;
  }
}

const tooLarge = (url: string, maxBytes: number): Refusal =>
  new Refusal('too_large', `What ${hostOf(url)} sends is larger than ${Math.round(maxBytes / 1_024 ** 2)} MiB`);

function unreachable(url: string, cause: unknown): Refusal {
  const root = rootCause(cause);
  const detail = Error.isError(root) && root.message !== '' ? `: ${root.message.slice(0, 200)}` : '';
  return new Refusal('index_unreachable', `${hostOf(url)} cannot be reached${detail}`, { cause });
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'the index');
