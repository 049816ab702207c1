import type { ArchiveLimits } from '../archive/archive.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { ReleaseFile } from '../index/project.ts';
import { Refusal } from '../refusal.ts';

/** One install that is under way. */
export interface Attempt {
  readonly signal: AbortSignal;
  /** Directory of downloads and of what a resolver writes; removed afterwards. */
  readonly directory: string;
  /** Adds a line to the `output` of the result. */
  note(line: string): void;
}

export interface DownloadTarget {
  readonly path: string;
  /** Names the file in messages. */
  readonly subject: string;
  readonly limits: Pick<ArchiveLimits, 'archiveBytes'>;
  readonly signal: AbortSignal;
}

/** Downloads one file of an index. @throws Refusal hash_mismatch when it is not what the index says, too_large */
export async function downloadFile(
  fetcher: Fetcher,
  { url, hash, sizeBytes }: ReleaseFile,
  { path, subject, limits, signal }: DownloadTarget,
): Promise<void> {
  const maxBytes = limits.archiveBytes;
  if (hash === undefined) throw new Refusal('hash_mismatch', `The index gives no hash for ${subject}`);
  if ((sizeBytes ?? 0) > maxBytes) {
    throw new Refusal('too_large', `${subject} is larger than ${Math.round(maxBytes / 1_024 ** 2)} MiB`);
  }
  const { sha256, sha512 } = await fetcher.download(url, path, { signal, maxBytes });
  if (hash === `sha256:${sha256}` || hash === `sha512:${sha512}`) return;
  throw new Refusal('hash_mismatch', `The file of ${subject} is not the one that the index describes`);
}
