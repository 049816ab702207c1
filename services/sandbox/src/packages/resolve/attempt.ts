import type { ArchiveLimits } from '../archive/archive.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { ReleaseFile } from '../index/project.ts';
import { Refusal } from '../refusal.ts';
import type { PackageHolder } from '../store/package-store.ts';

/** One install that is under way. */
export interface Attempt {
  readonly signal: AbortSignal;
  /** Directory of what a resolver writes; removed afterwards. */
  readonly directory: string;
  /** The store of unpacked packages. */
  readonly store: PackageHolder;
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

const MIB = 1_024 ** 2;

/** Refuses a file that is larger than the policy allows, before any of it is downloaded. @throws Refusal too_large */
export function refuseLargeFile(
  { sizeBytes = 0 }: Pick<ReleaseFile, 'sizeBytes'>,
  { subject, limits }: Pick<DownloadTarget, 'subject' | 'limits'>,
): void {
  if (sizeBytes <= limits.archiveBytes) return;
  const [size, most] = [sizeBytes, limits.archiveBytes].map((bytes) => Math.round(bytes / MIB));
  throw new Refusal('too_large', `${subject} has ${size} MiB; the policy allows ${most} (max_archive_mb)`);
}

/** Downloads one file of an index. @throws Refusal hash_mismatch when it is not what the index says, too_large */
export async function downloadFile(
  fetcher: Fetcher,
  file: ReleaseFile,
  { path, subject, limits, signal }: DownloadTarget,
): Promise<void> {
  const { url, hash } = file;
  if (hash === undefined) throw new Refusal('hash_mismatch', `The index gives no hash for ${subject}`);
  refuseLargeFile(file, { subject, limits });
  const { sha256, sha512 } = await fetcher.download(url, path, { signal, maxBytes: limits.archiveBytes });
  if (hash === `sha256:${sha256}` || hash === `sha512:${sha512}`) return;
  throw new Refusal('hash_mismatch', `The file of ${subject} is not the one that the index describes`);
}
