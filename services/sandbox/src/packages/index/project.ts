import { Refusal } from '../refusal.ts';

/** In place of a hash: the index has metadata, and gives no hash for it. */
export const ANY_METADATA = '*';

/** One file of a release. */
export interface ReleaseFile {
  readonly filename: string;
  readonly url: string;
  /** Hash of the content: `sha256:<hex>` or `sha512:<base64>`. Undefined where the index gives none. */
  readonly hash: string | undefined;
  readonly sizeBytes: number | undefined;
  /** SHA-256 of its metadata, which lies beside it (PEP 658); `*` where it has no hash. Absent where there is none. */
  readonly metadataHash?: string | undefined;
  /** Such as `>=3.9`. */
  readonly requiresPython?: string | undefined;
  /** Absent where it is the time of the release, or unknown. */
  readonly publishedAt?: Date | undefined;
}

export interface Release {
  readonly version: string;
  readonly publishedAt: Date | undefined;
  readonly isYanked: boolean;
  /** Files that can be installed without running anything: wheels, tarballs. */
  readonly files: readonly ReleaseFile[];
  /** npm: the release's description in the registry. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** A package as an index describes it. */
export interface Project {
  readonly name: string;
  /** PEP 792, or npm's way of saying that a malicious package was here: alone, or before what is there now. */
  readonly state: 'active' | 'quarantined' | 'security_holding' | 'was_held';
  readonly releases: readonly Release[];
  /** The release that the publisher calls the newest; undefined where the index gives none. */
  readonly latest: string | undefined;
}

/** Asks an index about packages, each at most once while it is new. */
export interface PackageIndex {
  /** @throws Refusal not_found, index_unreachable, too_large */
  project(name: string, signal: AbortSignal): Promise<Project>;
}

export const DAY_MS = 86_400_000;

/** Returns the age of the first release in days; undefined where the index has no dates. */
export function ageDays({ releases }: Project, now: Date): number | undefined {
  const times = releases.flatMap(({ publishedAt }) => (publishedAt === undefined ? [] : [publishedAt.getTime()]));
  return times.length === 0 ? undefined : (now.getTime() - Math.min(...times)) / DAY_MS;
}

/** More than any honest package has: releases are looked at one by one. */
const MAX_RELEASES = 20_000;

/** @throws Refusal too_large for an answer of more releases than are looked at */
export function refuseTooMany(name: string, releases: number): void {
  if (releases <= MAX_RELEASES) return;
  throw new Refusal('too_large', `${name} has ${releases} releases; ${MAX_RELEASES} is the most`);
}
