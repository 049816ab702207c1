import type { ArchiveLimits } from '../archive/archive.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { ReleaseFile } from '../index/project.ts';
import { Refusal } from '../refusal.ts';

/** One install under way. */
export interface Attempt {
  readonly signal: AbortSignal;
  /** For downloads and what a resolver writes; gone afterwards. */
  readonly directory: string;
  /** Adds a line to the `output` of the result. */
  note(line: string): void;
}

/** Downloads one file of an index. @throws Refusal hash_mismatch when it is not what the index says, too_large */
export async function downloadFile(
  fetcher: Fetcher,
  { url, hash, sizeBytes }: ReleaseFile,
  path: string,
  { subject, limits, signal }: { subject: string; limits: ArchiveLimits; signal: AbortSignal },
): Promise<void> {
  const maxBytes = limits.archiveBytes;
  if (hash === undefined) throw new Refusal('hash_mismatch', `The index gives no hash for ${subject}`);
  if ((sizeBytes ?? 0) > maxBytes) {
    throw new Refusal('too_large', `${subject} is larger than ${Math.round(maxBytes / 1_024 ** 2)} MiB`);
  }
  const { sha256, sha512 } = await fetcher.download(url, path, { signal, maxBytes });
  if (hash === `sha256:${sha256}` || hash === `sha512:${sha512}`) return;
  throw new Refusal('hash_mismatch', `What was sent for ${subject} is not what the index says`);
}
