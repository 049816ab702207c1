import * as pep440 from '@renovatebot/pep440';
import type { Ecosystem, PackageRequest } from '@toolmesh/shared/contracts/packages';
import semver from 'semver';
import { printable, Refusal } from './refusal.ts';

/** A parsed request for one package: nothing in it is raw text of a caller any more. */
export interface PackageSpec {
  readonly ecosystem: Ecosystem;
  /** Normalised: what lists are compared with. */
  readonly name: string;
  readonly extras: readonly string[];
  /** Exact, or undefined for the newest. */
  readonly version: string | undefined;
}

/** Contract, section 6. ASCII only, so that no letter looks like another one. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
/** An npm scope has the same letters as a name. */
const SCOPED = /^@([^/]*)\/([^/]*)$/;
const WITH_EXTRAS = /^([^[\]]*)\[([^[\]]*)\]$/;
const MAX_VERSION = 64;
const MAX_EXTRAS = 16;

/**
 * Reads a request. Nothing but a name and an exact version passes: no address, path, option, alias, tag or range.
 * @throws Refusal invalid_name, invalid_version
 */
export function parseRequest({ name, version, ecosystem }: PackageRequest): PackageSpec {
  const { base, extras } = ecosystem === 'pypi' ? splitExtras(name) : { base: name, extras: [] };
  if (!isName(ecosystem, base)) {
    const form = ecosystem === 'pypi' ? 'a name such as six' : 'a name such as is-number or @scope/name';
    throw new Refusal(
      'invalid_name',
      `"${printable(name)}" is not ${form}; addresses, paths and options are not accepted`,
    );
  }
  return {
    ecosystem,
    name: normaliseName(ecosystem, base),
    extras,
    version: version === undefined ? undefined : exactVersion(ecosystem, version),
  };
}

/** Parses a package of `execute_code`: `name`, `name==version`, and for npm `name@version` too. @throws Refusal */
export function parseSpec(ecosystem: Ecosystem, text: string): PackageSpec {
  const equals = text.indexOf('==');
  const at = ecosystem === 'npm' ? text.indexOf('@', 1) : -1;
  if (equals > 0) {
    return parseRequest({ ecosystem, name: text.slice(0, equals), version: text.slice(equals + 2) });
  }
  if (at > 0) return parseRequest({ ecosystem, name: text.slice(0, at), version: text.slice(at + 1) });
  return parseRequest({ ecosystem, name: text });
}

/** Formats a spec: `six==1.17.0`, `@scope/name@1.0.0`. */
export function formatSpec({ ecosystem, name, extras, version }: PackageSpec): string {
  const bracket = extras.length === 0 ? '' : `[${extras.join(',')}]`;
  const separator = ecosystem === 'pypi' ? '==' : '@';
  return `${name}${bracket}${version === undefined ? '' : separator + version}`;
}

/** PEP 503 for PyPI. npm's names are what they are: a few old ones differ from others by a capital letter alone. */
export function normaliseName(ecosystem: Ecosystem, name: string): string {
  return ecosystem === 'pypi' ? name.replaceAll(/[-_.]+/g, '-').toLowerCase() : name;
}

/** For the policy's lists, which hold for both ecosystems. */
export const policyName = (name: string): string => normaliseName('pypi', name);

/** Returns true for a name that may be requested from an index. */
export function isName(ecosystem: Ecosystem, name: string): boolean {
  if (ecosystem === 'pypi') return NAME.test(name);
  const scoped = SCOPED.exec(name);
  if (scoped === null) return NAME.test(name);
  const [, scope = '', base = ''] = scoped;
  return NAME.test(scope) && NAME.test(base);
}

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

function splitExtras(name: string): { base: string; extras: readonly string[] } {
  const [, base, list] = WITH_EXTRAS.exec(name.slice(0, 1_024)) ?? [];
  if (base === undefined || list === undefined || name.length > 1_024) return { base: name, extras: [] };
  const extras = list.split(',').map((extra) => extra.trim());
  const ok = extras.length <= MAX_EXTRAS && extras.every((extra) => NAME.test(extra));
  if (!ok) throw new Refusal('invalid_name', `"${printable(name)}" has invalid extras; write them as name[extra]`);
  return { base, extras: extras.map((extra) => normaliseName('pypi', extra)).sort() };
}

function exactVersion(ecosystem: Ecosystem, version: string): string {
  const short = version.length <= MAX_VERSION && /^[0-9A-Za-z.+!_-]+$/.test(version);
  const ok = ecosystem === 'npm' ? short && semver.valid(version) === version : short && isPep440(version);
  if (ok) return version;
  const message = `"${printable(version)}" is not an exact version, such as 1.2.3; ranges and tags are not accepted`;
  throw new Refusal('invalid_version', message);
}

const isPep440 = (version: string): boolean => pep440.valid(version) !== null;
