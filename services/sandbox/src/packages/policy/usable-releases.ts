import type { Project, Release } from '../index/project.ts';
import { allows, type PackageSpec } from '../spec.ts';
import { isUpTo, newestVersion } from '../versions.ts';
import { Refusal } from '../refusal.ts';
import type { MaliciousIndex } from './malicious.ts';

export interface ReleaseRules {
  readonly malicious: MaliciousIndex;
  /** A file that was published later than this is not installed yet. */
  readonly settledBefore: Date;
  /** Versions that a person has approved, which need not settle. */
  isApproved(version: string): boolean;
}

export interface UsableReleases {
  readonly releases: readonly Release[];
  /** Describes the age of a package of which nothing is old enough yet; undefined otherwise. */
  readonly unsettled: string | undefined;
}

/**
 * Returns the releases that may be installed: not yanked, not malicious, with a file that needs no building, and old
 * enough for others to have found what is wrong with them.
 * @throws Refusal with the reason why none is left
 */
export function usableReleases(spec: PackageSpec, project: Project, rules: ReleaseRules): UsableReleases {
  const { ecosystem, name, version, range } = spec;
  const asked = project.releases.filter((release) => allows(spec, release.version));
  const subject = [name, version ?? range].filter((part) => part !== undefined).join(' ');
  if (asked.length === 0) {
    const latest = newestVersion(
      ecosystem,
      project.releases.map((release) => release.version),
    );
    const others = latest === undefined ? '' : `; the newest is ${latest}`;
    throw new Refusal('not_found', `There is no ${subject} on the index${others}`);
  }
  const standing = asked.filter(({ isYanked }) => !isYanked);
  if (standing.length === 0) throw new Refusal('yanked', `The publisher has yanked ${subject}`);
  const clean = standing.filter((release) => rules.malicious.find(ecosystem, name, release.version) === undefined);
  if (clean.length === 0) throw new Refusal('malicious', `Every release of ${subject} is known as malicious`);
  const prebuilt = clean.filter(({ files }) => files.length > 0);
  if (prebuilt.length === 0) {
    const why = 'there is no wheel, and building one would run its code';
    throw new Refusal('no_wheel', `${subject} cannot be installed: ${why}`);
  }
  const settled = prebuilt.flatMap((release) => settledPart(release, rules) ?? []);
  if (settled.length > 0) return { releases: settled, unsettled: undefined };
  const latest = prebuilt.flatMap(({ publishedAt }) => publishedAt ?? []).sort((a, b) => b.getTime() - a.getTime())[0];
  const when = latest === undefined ? 'a short while ago' : `on ${latest.toISOString().slice(0, 10)}`;
  return { releases: prebuilt, unsettled: `${subject} was published ${when}, too short a time ago to be trusted` };
}

/** Returns a release with its files that are old enough: one may be added to an old release any time. */
function settledPart(release: Release, { settledBefore, isApproved }: ReleaseRules): Release | undefined {
  if (isApproved(release.version)) return release;
  const files = release.files.filter(({ publishedAt = release.publishedAt }) => {
    return publishedAt === undefined || publishedAt.getTime() <= settledBefore.getTime();
  });
  return files.length === 0 ? undefined : { ...release, files };
}

/** The version that the publisher calls the newest, else the newest of `releases` below it, else the newest of all. */
export function newest({ ecosystem, name }: PackageSpec, { latest }: Project, releases: readonly Release[]): string {
  if (latest !== undefined && releases.some(({ version }) => version === latest)) return latest;
  const versions = releases.map((release) => release.version);
  const upTo = latest === undefined ? [] : versions.filter((version) => isUpTo(ecosystem, version, latest));
  const version = newestVersion(ecosystem, upTo) ?? newestVersion(ecosystem, versions);
  if (version === undefined) throw new Refusal('not_found', `There is no release of ${name} whose version can be read`);
  return version;
}
