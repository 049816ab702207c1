import { archiveRefusal } from './archive.ts';
import { normaliseName } from '../spec.ts';
import { sameVersion } from '../versions.ts';
import { printable, Refusal } from '../refusal.ts';

/** The release that a wheel is said to be. */
export interface WheelIdentity {
  /** Normalised. */
  readonly name: string;
  readonly version: string;
}

export const SHADOWING_COMMAND = /^(?:python|pip|pypy|node|npm|npx|sh|bash|env|sudo)[0-9.]*$/i;
const MAX_REQUIREMENTS = 2_000;

/** Refuses commands that would stand in for known ones. @throws Refusal suspicious */
export function refuseCommands(subject: string, entryPoints: string): void {
  let section = '';
  for (const line of entryPoints.split('\n')) {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1]?.trim() ?? section;
    const command = /^\s*([^=\s]+)\s*=/.exec(line)?.[1];
    if (!/^(?:console|gui)_scripts$/.test(section) || command === undefined) continue;
    if (SHADOWING_COMMAND.test(command)) throw shadowing(subject, command);
  }
}

export const shadowing = (subject: string, command: string): Refusal =>
  archiveRefusal(subject, `brings a command ${command}, which would stand in for the real one`);

/** Refuses the metadata of another release, by which Python would take that for installed. @throws Refusal suspicious */
export function refuseOtherMetadata({ name, version }: WheelIdentity, target: string): void {
  const [, stem] = /^([^/]*)\.(?:dist-info|egg-info)(?:\/|$)/i.exec(target) ?? [];
  if (stem === undefined) return;
  if (normaliseName('pypi', stem.split('-')[0] ?? '') === name) return;
  throw archiveRefusal(`${name} ${version}`, `holds the metadata of another package, ${printable(stem)}`);
}

/** Headers by which a package says that it is, or replaces, another one. */
const OTHER_NAMES = /^(?:Provides|Provides-Dist|Obsoletes|Obsoletes-Dist)$/i;

/**
 * Returns the dependencies, as `Requires-Dist` has them, and the packages that the wheel claims to stand for.
 * @throws Refusal suspicious for the metadata of another release
 */
export function readMetadata({ name, version }: WheelIdentity, metadata: string) {
  const subject = `${name} ${version}`;
  const headers = headersOf(metadata);
  const valueOf = (wanted: string): string => headers.find(([header]) => header.toLowerCase() === wanted)?.[1] ?? '';
  if (normaliseName('pypi', valueOf('name')) !== name || !sameVersion('pypi', valueOf('version'), version)) {
    const said = `${valueOf('name')} ${valueOf('version')}`;
    throw archiveRefusal(subject, `says that it is another package, "${printable(said)}"`);
  }
  const requirements = headers.flatMap(([header, value]) => (/^requires-dist$/i.test(header) ? [value] : []));
  const standsFor = headers.flatMap(([header, value]) => (OTHER_NAMES.test(header) ? [namedIn(value)] : []));
  if (requirements.length + standsFor.length > MAX_REQUIREMENTS) {
    throw new Refusal('too_large', `${subject} names more than ${MAX_REQUIREMENTS} other packages`);
  }
  return { requirements, standsFor };
}

const namedIn = (value: string): string =>
  normaliseName('pypi', /^[A-Za-z0-9._-]{1,100}/.exec(value.trim())?.[0] ?? value.slice(0, 100));

/** Line ends and folded lines as Python's parser of mail headers reads them. */
function headersOf(metadata: string): readonly (readonly [name: string, value: string])[] {
  const lines = metadata.replaceAll(/\r\n?/g, '\n');
  const [headers = ''] = lines.split('\n\n', 1);
  const unfolded = headers.replaceAll(/\n[ \t]+/g, ' ');
  return unfolded.split('\n').flatMap((line) => {
    const at = line.indexOf(':');
    return at < 0 ? [] : [[line.slice(0, at).trimEnd(), line.slice(at + 1).trim()] as const];
  });
}
