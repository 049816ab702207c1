import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** The folder of the built page. */
export const PAGE_FOLDER = fileURLToPath(new URL('../../web/dist/', import.meta.url));

/** The page's own paths. It holds nothing secret and asks for the key itself, so both are open without one. */
export const PAGE_PATHS = ['/', '/assets/*'];

/**
 * The page's content security policy: it runs, loads and calls only what this service serves. Script and style come only
 * from files, no string becomes markup (trusted types), images come from here or from a message, and no page frames it.
 */
const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "frame-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The names of built assets change with what is in them. */
const FOREVER = 'public, max-age=31536000, immutable';

interface PageFile {
  readonly type: string;
  readonly caching: string;
  readonly etag: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

/** Answers a request, or calls `next` where there is no file for it. */
type Answer = (req: IncomingMessage, res: ServerResponse, next: () => void) => Promise<void>;

/**
 * Serves the chat page at `GET /` and its parts below `/assets/`, from memory: only files of the build can be
 * requested. Without a build, `/` says how to make one; as soon as there is one, it is served.
 */
export function servePage(folder: string = PAGE_FOLDER): Readonly<Record<string, Answer>> {
  let loaded: Promise<ReadonlyMap<string, PageFile>> | undefined;

  const load = async () => {
    loaded ??= readFiles(folder);
    const files = await loaded;
    if (files.size === 0) loaded = undefined;
    return files;
  };

  const answer: Answer = async (req, res, next) => {
    const path = new URL(req.url ?? '/', 'http://page').pathname;
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    const files = await load();
    const file = files.get(path);
    if (file === undefined && path !== '/') return next();
    res.setHeader('content-security-policy', POLICY);
    if (file === undefined) sendAdvice(res);
    else sendFile(req, res, file);
  };
  return { '/': answer, '/assets/*file': answer };
}

const compress = promisify(gzip);

async function readFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const name of namesIn(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(`${folder}${name}`);
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const path = name === 'index.html' ? '/' : `/${name}`;
    const caching = path === '/' ? 'no-cache' : FOREVER;
    files.set(path, { type, caching, etag, body, gzipped: await compress(body) });
  }
  return files;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

function sendFile(req: IncomingMessage, res: ServerResponse, file: PageFile): void {
  res.setHeader('etag', file.etag).setHeader('cache-control', file.caching).setHeader('vary', 'accept-encoding');
  if (isUnchanged(req, file.etag)) {
    res.writeHead(304).end();
    return;
  }
  const acceptsGzip = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '');
  if (acceptsGzip) res.setHeader('content-encoding', 'gzip');
  const body = acceptsGzip ? file.gzipped : file.body;
  res.writeHead(200, { 'content-type': file.type, 'content-length': body.byteLength });
  res.end(req.method === 'HEAD' ? undefined : body);
}

const isUnchanged = (req: IncomingMessage, etag: string): boolean =>
  (req.headers['if-none-match'] ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);

function sendAdvice(res: ServerResponse): void {
  res.writeHead(503, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(NOT_BUILT);
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Toolmesh: the page is not built</title>
<h1>The chat page is not built yet</h1>
<p>Run <code>npm run build</code> in the folder of Toolmesh, then load this page again.
<code>npm start</code> does it by itself.</p>
<p>Everything else works without it: see <a href="/docs/">the API</a>.</p>
</html>
`;
