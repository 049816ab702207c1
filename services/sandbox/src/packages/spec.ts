import type { Ecosystem, PackageRequest } from '@toolmesh/shared/contracts/packages';
import { printable, Refusal } from './refusal.ts';
import { inRange, parseVersion, sameVersion, type WantedVersion } from './versions.ts';

/** A parsed request for one package: nothing in it is raw text of a caller any more. */
export interface PackageSpec extends Partial<WantedVersion> {
  readonly ecosystem: Ecosystem;
  /** Normalised: what lists are compared with. */
  readonly name: string;
  readonly extras: readonly string[];
  /** Exact, or undefined for the newest, or the newest of `range`. */
  readonly version: string | undefined;
}

/** Contract, section 6. ASCII only, so that no letter looks like another one. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
/** An npm scope has the same letters as a name. */
const SCOPED = /^@([^/]*)\/([^/]*)$/;
const WITH_EXTRAS = /^([^[\]]*)\[([^[\]]*)\]$/;
const MAX_EXTRAS = 16;
/** The longest request that is looked at. */
const MAX_REQUEST = 1_024;
/** Matches the place at which the version of `name[extra]>=1,<2` or `@scope/name@^1.0.0` begins. */
const VERSION_START = { pypi: /[<>=!~]/, npm: /(?<=.)@|[<>=!~^]/ } as const;

/**
 * Reads a request. The name may bring extras and a version: `pandas[excel]>=2,<3`, `lodash@^4`. Nothing else passes: no
 * address, path, option, alias or marker.
 * @throws Refusal invalid_name, invalid_version
 */
export function parseRequest({ name, version, ecosystem }: PackageRequest): PackageSpec {
  const { base: full, version: named } = splitVersion(ecosystem, name);
  const { base, extras } = ecosystem === 'pypi' ? splitExtras(full) : { base: full, extras: [] };
  if (!isName(ecosystem, base)) throw invalidName(ecosystem, name);
  if (named !== undefined && version !== undefined) {
    throw new Refusal('invalid_version', `"${printable(name)}" names a version, and there is another one beside it`);
  }
  const wanted = version ?? named;
  return {
    ecosystem,
    name: normaliseName(ecosystem, base),
    extras,
    ...(wanted === undefined ? { version: undefined } : readVersion(ecosystem, wanted)),
  };
}

/** Parses a package of `execute_code`: as the name of a request. @throws Refusal */
export const parseSpec = (ecosystem: Ecosystem, text: string): PackageSpec => parseRequest({ ecosystem, name: text });

/** Formats a spec: `six==1.17.0`, `six>=1.16`, `@scope/name@1.0.0`. */
export function formatSpec({ ecosystem, name, extras, version, range }: PackageSpec): string {
  const bracket = extras.length === 0 ? '' : `[${extras.join(',')}]`;
  if (version !== undefined) return `${name}${bracket}${ecosystem === 'pypi' ? '==' : '@'}${version}`;
  return `${name}${bracket}${range === undefined ? '' : `${ecosystem === 'pypi' ? '' : '@'}${range}`}`;
}

/** Returns true for a version that a request is content with. */
export function allows({ ecosystem, version, range }: PackageSpec, candidate: string): boolean {
  if (version !== undefined) return sameVersion(ecosystem, candidate, version);
  return range === undefined || inRange(ecosystem, candidate, range);
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

function splitVersion(ecosystem: Ecosystem, name: string): { readonly base: string; readonly version?: string } {
  if (name.length > MAX_REQUEST) return { base: name };
  const at = name.search(VERSION_START[ecosystem]);
  if (at < 0) return { base: name };
  const version = name.slice(name[at] === '@' ? at + 1 : at);
  // What cannot be a version makes the whole no name: `name --option=x`, `name@http://…`.
  return parseVersion(ecosystem, version) === undefined ? { base: name } : { base: name.slice(0, at).trim(), version };
}

function splitExtras(name: string): { base: string; extras: readonly string[] } {
  const [, base, list] = WITH_EXTRAS.exec(name.slice(0, MAX_REQUEST)) ?? [];
  if (base === undefined || list === undefined || name.length > MAX_REQUEST) return { base: name, extras: [] };
  const extras = list.split(',').map((extra) => extra.trim());
  const ok = extras.length <= MAX_EXTRAS && extras.every((extra) => NAME.test(extra));
  if (!ok) throw new Refusal('invalid_name', `"${printable(name)}" has invalid extras; write them as name[extra]`);
  return { base: base.trim(), extras: extras.map((extra) => normaliseName('pypi', extra)).sort() };
}

function readVersion(ecosystem: Ecosystem, text: string): WantedVersion {
  const wanted = parseVersion(ecosystem, text);
  if (wanted !== undefined) return wanted;
  const form = ecosystem === 'pypi' ? '1.2.3, >=1.2 or >=1.2,<2' : '1.2.3, ^1.2.0 or >=1.2.0 <2';
  throw new Refusal('invalid_version', `"${printable(text)}" is not a version, such as ${form}`);
}

function invalidName(ecosystem: Ecosystem, name: string): Refusal {
  const form =
    ecosystem === 'pypi'
      ? 'a name such as six, six>=1.16 or pandas[excel]'
      : 'a name such as is-number, is-number@^7 or @scope/name';
  const why = /^\s*[a-z+]+:\/\/|^\s*(?:git|file|npm|github|link):|@\s*(?:https?|file|git)\b/i.test(name)
    ? 'packages come from the index alone, not from addresses'
    : 'addresses, paths, markers and options are not accepted';
  return new Refusal('invalid_name', `"${printable(name)}" is not ${form}; ${why}`);
}
