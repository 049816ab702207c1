import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { Parser } from 'htmlparser2';
import { z } from 'zod';
import type { Fetcher } from './fetcher.ts';
import {
  ANY_METADATA,
  type PackageIndex,
  type Project,
  refuseTooMany,
  type Release,
  type ReleaseFile,
} from './project.ts';
import { normaliseName } from '../spec.ts';
import { Refusal } from '../refusal.ts';

/** A file as the index lists it (PEP 503, 592, 691, 700). */
interface ListedFile {
  readonly filename: string;
  readonly url: string;
  readonly sha256: string | undefined;
  readonly size: number | undefined;
  readonly uploadTime: string | undefined;
  readonly isYanked: boolean;
  readonly metadataHash: string | undefined;
  readonly requiresPython: string | undefined;
}

interface Page {
  readonly files: readonly ListedFile[];
  /** PEP 792. */
  readonly status: string | undefined;
}

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
/** Most indexes speak JSON; mirrors often only HTML. */
const ACCEPT = `${JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1`;
const MAX_PAGE_BYTES = 32 * 1_024 ** 2;
const MAX_FILES = 50_000;

export interface PypiIndexOptions {
  /** True to list yanked files, too, for a caller who has pinned them (PEP 592). */
  readonly keepsYanked?: boolean;
}

/** An index that speaks the simple API, as PyPI does. `baseUrl` is such as `https://pypi.org/simple`. */
export function createPypiIndex(
  fetcher: Fetcher,
  baseUrl: string,
  { keepsYanked = false }: PypiIndexOptions = {},
): PackageIndex {
  const base = baseUrl.replace(/(?<!\/)\/*$/, '/');
  return {
    async project(name, signal) {
      const url = new URL(`${name}/`, base).href;
      const page = await fetcher.text(url, { signal, accept: ACCEPT, maxBytes: MAX_PAGE_BYTES });
      const { files, status } = page.contentType.startsWith(JSON_TYPE)
        ? readJsonPage(page.text)
        : readHtmlPage(page.text);
      if (files.length > MAX_FILES) {
        throw new Refusal('too_large', `The index lists more than ${MAX_FILES} files of ${name}`);
      }
      return toProject({ name, url }, { files: keepsYanked ? files.map(unyanked) : files, status });
    },
  };
}

/** PEP 658 and 714. */
const HasMetadata = z.union([z.boolean(), z.record(z.string(), z.string())]).nullish();

const unyanked = (file: ListedFile): ListedFile => ({ ...file, isYanked: false });

const JsonPage = z.object({
  'project-status': z.object({ status: z.string().optional() }).optional(),
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.record(z.string(), z.string()).default({}),
      size: z.number().nullish(),
      'upload-time': z.string().nullish(),
      'requires-python': z.string().nullish(),
      'core-metadata': HasMetadata,
      'dist-info-metadata': HasMetadata,
      yanked: z.union([z.boolean(), z.string()]).default(false),
    }),
  ),
});

function readJsonPage(text: string): Page {
  const parsed = JsonPage.safeParse(parseJson(text));
  if (!parsed.success)
    throw new Refusal('index_unreachable', 'The index sent an invalid page', { cause: parsed.error });
  const { files, 'project-status': status } = parsed.data;
  return {
    status: status?.status,
    files: files.map((file) => ({
      filename: file.filename,
      url: file.url,
      sha256: file.hashes['sha256'],
      size: file.size ?? undefined,
      uploadTime: file['upload-time'] ?? undefined,
      isYanked: file.yanked !== false,
      metadataHash: metadataHashOf(file['core-metadata'] ?? file['dist-info-metadata']),
      requiresPython: file['requires-python'] ?? undefined,
    })),
  };
}

function metadataHashOf(has: z.output<typeof HasMetadata>): string | undefined {
  if (has === undefined || has === null || has === false) return undefined;
  return has === true ? ANY_METADATA : (has['sha256']?.toLowerCase() ?? ANY_METADATA);
}

/** Every link of the page; the text of a link is not needed, since its address ends with the name of the file. */
function readHtmlPage(text: string): Page {
  const files: ListedFile[] = [];
  let status: string | undefined;
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (tag === 'meta' && attributes['name'] === 'pypi:project-status') status = attributes['content'];
      const href = attributes['href'];
      if (tag !== 'a' || href === undefined || files.length > MAX_FILES) return;
      const [url = '', fragment = ''] = href.split('#');
      files.push({
        url,
        filename: safeDecode(url.split('?')[0]?.split('/').at(-1) ?? ''),
        sha256: /^sha256=([0-9a-f]{64})$/.exec(fragment)?.[1],
        size: undefined,
        uploadTime: attributes['data-upload-time'],
        isYanked: attributes['data-yanked'] !== undefined,
        metadataHash: htmlMetadataHash(attributes['data-core-metadata'] ?? attributes['data-dist-info-metadata']),
        requiresPython: attributes['data-requires-python'],
      });
    },
  });
  parser.end(text);
  return { files, status };
}

function htmlMetadataHash(attribute: string | undefined): string | undefined {
  if (attribute === undefined || attribute === 'false') return undefined;
  return /^sha256=([0-9a-f]{64})$/.exec(attribute)?.[1] ?? ANY_METADATA;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toProject({ name, url }: { readonly name: string; readonly url: string }, { files, status }: Page): Project {
  const byVersion = Map.groupBy(files, ({ filename }) => versionOf(name, filename));
  refuseTooMany(name, byVersion.size);
  const releases = [...byVersion].flatMap(([version, listed]): Release[] => {
    if (version === undefined) return [];
    const times = listed.flatMap(({ uploadTime }) => dateOf(uploadTime) ?? []);
    return [
      {
        version,
        publishedAt: times.sort((a, b) => a.getTime() - b.getTime())[0],
        isYanked: listed.every(({ isYanked }) => isYanked),
        files: listed.flatMap((file) => (file.isYanked ? [] : (toWheel(file, url) ?? []))),
      },
    ];
  });
  return { name, state: status === 'quarantined' ? 'quarantined' : 'active', releases, latest: undefined };
}

function toWheel(listed: ListedFile, pageUrl: string): ReleaseFile | undefined {
  const { filename, url, sha256, size, uploadTime, metadataHash, requiresPython } = listed;
  if (!filename.endsWith('.whl') || !URL.canParse(url, pageUrl)) return undefined;
  const absolute = new URL(url, pageUrl);
  // A file may lie on another host, but not in the clear where the page did not.
  if (absolute.protocol !== 'https:' && absolute.protocol !== new URL(pageUrl).protocol) return undefined;
  const hash = sha256 === undefined ? undefined : `sha256:${sha256.toLowerCase()}`;
  const metadata = { metadataHash, requiresPython };
  return { filename, url: absolute.href, hash, sizeBytes: size, publishedAt: dateOf(uploadTime), ...metadata };
}

const SAFE_FILENAME = /^[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}$/;

/** `1.0` of `name-1.0-py3-none-any.whl` or `name-1.0.tar.gz`; undefined for files of other kinds and of other projects. */
export function versionOf(name: string, filename: string): string | undefined {
  if (!SAFE_FILENAME.test(filename)) return undefined;
  if (filename.endsWith('.whl')) {
    const [project = '', version, ...tags] = filename.slice(0, -'.whl'.length).split('-');
    return (tags.length === 3 || tags.length === 4) && normaliseName('pypi', project) === name ? version : undefined;
  }
  const stem = /^(.*)\.(?:tar\.gz|zip|tar\.bz2|tgz)$/.exec(filename)?.[1] ?? '';
  const parts = stem.split('-');
  const at = parts.findIndex((_, index) => normaliseName('pypi', parts.slice(0, index).join('-')) === name);
  return at < 1 ? undefined : parts.slice(at).join('-');
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}
