import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { rootCause } from '@toolmesh/shared/kit/faults/errors';
// oxlint-disable-next-line no-restricted-imports -- the kit's clients speak JSON to one upstream; this one gets files of any host through a proxy
import { Agent, EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { Refusal } from '../refusal.ts';

/** The way out, where there is but one: as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly no?: string | undefined;
}

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
  close(): Promise<void>;
}

export interface FetcherOptions {
  readonly proxy?: ProxySettings | undefined;
  /** For one page, redirects included. */
  readonly pageTimeoutMs?: number | undefined;
  readonly fileTimeoutMs?: number | undefined;
}

const CONNECT_MS = 10_000;

export function createFetcher({
  proxy = {},
  pageTimeoutMs = 30_000,
  fileTimeoutMs = 180_000,
}: FetcherOptions): Fetcher {
  const limits = { connect: { timeout: CONNECT_MS }, headersTimeout: pageTimeoutMs, bodyTimeout: pageTimeoutMs };
  const { http, https, no } = proxy;
  const isDirect = http === undefined && https === undefined;
  // What is not said is empty, not what the environment says: settings are read in one place.
  const proxied = { httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: no ?? '' };
  const dispatcher = isDirect ? new Agent(limits) : new EnvHttpProxyAgent({ ...limits, ...proxied });

  const get = async <T>(
    url: string,
    { signal, accept = '*/*', maxBytes }: FetchOptions,
    timeoutMs: number,
    read: (response: Response, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const late = () => new Refusal('index_unreachable', `${hostOf(url)} did not answer within ${timeoutMs} ms`);
    return withDeadline({ signal, ms: timeoutMs, late }, async (limited) => {
      try {
        const response = await fetch(url, { dispatcher, signal: limited, headers: { accept } });
        refuseAnswer(url, response, maxBytes);
        return await read(response, limited);
      } catch (cause) {
        limited.throwIfAborted();
        throw cause instanceof Refusal ? cause : unreachable(url, cause);
      }
    });
  };

  return {
    text: (url, options) =>
      get(url, options, pageTimeoutMs, async (response) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of bounded(url, response, options.maxBytes)) chunks.push(chunk);
        const contentType = response.headers.get('content-type') ?? '';
        return { contentType, text: Buffer.concat(chunks).toString() };
      }),
    download: (url, path, options) =>
      get(url, options, fileTimeoutMs, async (response, signal) => {
        const sha256 = createHash('sha256');
        const sha512 = createHash('sha512');
        let bytes = 0;
        const hashed = async function* (): AsyncGenerator<Uint8Array> {
          for await (const chunk of bounded(url, response, options.maxBytes)) {
            sha256.update(chunk);
            sha512.update(chunk);
            bytes += chunk.length;
            yield chunk;
          }
        };
        await pipeline(hashed(), createWriteStream(path, { flags: 'wx' }), { signal });
        return { bytes, sha256: sha256.digest('hex'), sha512: sha512.digest('base64') };
      }),
    close: () => dispatcher.close(),
  };
}

function refuseAnswer(asked: string, response: Response, maxBytes: number): void {
  const problem = problemOf(asked, response, maxBytes);
  if (problem === undefined) return;
  // Lets go of the connection: nobody reads the rest.
  response.body?.cancel().catch(() => {});
  throw problem;
}

function problemOf(asked: string, { url, status, ok, headers }: Response, maxBytes: number): Refusal | undefined {
  if (asked.startsWith('https:') && !url.startsWith('https:')) {
    return new Refusal('index_unreachable', `${hostOf(asked)} redirects to an address without encryption`);
  }
  if (status === 404 || status === 410) return new Refusal('not_found', `${hostOf(asked)} has no such package or file`);
  if (!ok) return new Refusal('index_unreachable', `${hostOf(asked)} answered with status ${status}`);
  return Number(headers.get('content-length') ?? 0) > maxBytes ? tooLarge(asked, maxBytes) : undefined;
}

async function* bounded(url: string, { body }: Response, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
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
