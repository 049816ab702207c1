import * as pep440 from '@renovatebot/pep440';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import semver from 'semver';

/** Compares two versions: `1.0` and `1.0.0` are the same on PyPI. */
export function sameVersion(ecosystem: Ecosystem, a: string, b: string): boolean {
  if (a === b) return true;
  if (ecosystem === 'npm') return semver.valid(a) !== null && semver.valid(b) !== null && semver.eq(a, b);
  return pep440.valid(a) !== null && pep440.valid(b) !== null && pep440.eq(a, b);
}

/** True for a version that is not newer than `limit`. Unreadable ones are. */
export function isUpTo(ecosystem: Ecosystem, version: string, limit: string): boolean {
  if (ecosystem === 'npm') {
    return semver.valid(version) === null || semver.valid(limit) === null || semver.lte(version, limit);
  }
  return pep440.valid(version) === null || pep440.valid(limit) === null || pep440.lte(version, limit);
}

/** Tests a version against a range such as `>=4.1.1 <=4.1.2`. An unreadable version is in every range. */
export function inRange(ecosystem: Ecosystem, version: string, range: string): boolean {
  if (ecosystem === 'npm') {
    return semver.valid(version) === null || semver.satisfies(version, range, { includePrerelease: true });
  }
  if (pep440.valid(version) === null) return true;
  return pep440.satisfies(version, range.replaceAll(' ', ','), { prereleases: true });
}

/** The newest of some versions, a finished one where there is one. Each is compared once: there may be thousands. */
export function newestVersion(ecosystem: Ecosystem, versions: readonly string[]): string | undefined {
  const isNpm = ecosystem === 'npm';
  const valid = versions.filter((version) => (isNpm ? semver.valid(version) : pep440.valid(version)) !== null);
  const isFinished = (version: string): boolean =>
    isNpm ? semver.prerelease(version) === null : !/[a-z]/i.test(version.replace(/post/i, ''));
  const newer = (a: string, b: string): string => ((isNpm ? semver.compare(a, b) : pep440.compare(a, b)) < 0 ? b : a);
  const newestOf = ([first, ...others]: readonly string[]) =>
    first === undefined ? undefined : others.reduce(newer, first);
  return newestOf(valid.filter(isFinished)) ?? newestOf(valid);
}

const MAX_VERSION = 64;
const MAX_RANGE = 200;

/** The version of a request: one, several, or (both absent) the newest. */
export interface WantedVersion {
  readonly version: string | undefined;
  /** A range as its ecosystem writes it: `>=1.2,<2`, `^1.2.0`. */
  readonly range: string | undefined;
}

/**
 * Reads an exact version (`1.2.3`, `==1.2.3`), or a range of PEP 440 (`>=1.2,<2`, `~=1.4`, `==1.*`) or of npm (`^1.2.0`,
 * `1.x`, `>=1 <2`). `latest` and `*` are the newest. Undefined for anything else.
 */
export function parseVersion(ecosystem: Ecosystem, text: string): WantedVersion | undefined {
  const wanted = text.trim();
  if (wanted === '' || wanted.length > MAX_RANGE) return undefined;
  if (wanted === 'latest' || wanted === '*') return { version: undefined, range: undefined };
  return ecosystem === 'npm' ? parseNpm(wanted) : parsePypi(wanted);
}

function parsePypi(wanted: string): WantedVersion | undefined {
  const exact = /^(?:===?\s*)?([0-9A-Za-z.+!_-]+)$/.exec(wanted)?.[1];
  if (exact !== undefined && exact.length <= MAX_VERSION && pep440.valid(exact) !== null) {
    return { version: exact, range: undefined };
  }
  if (!/^[0-9A-Za-z.+!_*,<>=~ -]+$/.test(wanted) || !/^[<>=!~]/.test(wanted)) return undefined;
  const range = wanted
    .split(',')
    .map((part) => part.replaceAll(' ', ''))
    .join(',');
  return pep440.validRange(range) ? { version: undefined, range } : undefined;
}

function parseNpm(wanted: string): WantedVersion | undefined {
  const exact = wanted.replace(/^(?:==?=?\s*)?v?/, '');
  if (exact.length <= MAX_VERSION && semver.valid(exact) === exact) return { version: exact, range: undefined };
  if (!/^[0-9A-Za-z.+*,<>=~^| -]+$/.test(wanted)) return undefined;
  // Pip's way of writing a range is understood, too.
  const range = wanted.replaceAll(',', ' ').replaceAll('~=', '~').replaceAll('==', '=');
  return /\d/.test(range) && semver.validRange(range) !== null ? { version: undefined, range } : undefined;
}
