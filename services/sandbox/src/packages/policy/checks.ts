import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { Approvals } from './approvals.ts';
import type { MaliciousIndex } from './malicious.ts';
import type { Policy } from './policy.ts';
import type { PopularNames } from './popular-names.ts';
import { ageDays, type PackageIndex, type Project, type Release } from '../index/project.ts';
import { newestVersion, type PackageSpec, policyName, sameVersion } from '../spec.ts';
import type { NamedVersion } from '../package-layer.ts';
import { isNodeModule, type Placed, refuseForeignFolder } from '../names/check-folders.ts';
import {
  type ModuleKnowledge,
  type Provider,
  refuseForeignModules,
  refuseSharedModules,
} from '../names/check-modules.ts';
import { moduleOwners } from '../names/module-owners.ts';
import type { Resemblance } from './typosquat.ts';
import { Refusal } from '../refusal.ts';

/** Everything that the checks compare a package with. */
export interface Knowledge {
  readonly policy: Policy;
  readonly malicious: MaliciousIndex;
  readonly approvals: Approvals;
  readonly popular: (ecosystem: Ecosystem) => PopularNames;
  readonly index: Readonly<Record<Ecosystem, PackageIndex>>;
  /** Packages of Python that every program has. */
  readonly provided: readonly NamedVersion[];
  now(): Date;
}

/** A package that passed all checks but a missing approval. */
export interface Examined {
  readonly project: Project;
  /** The releases that may be installed, of the version asked for or of all. */
  readonly releases: readonly Release[];
  /** The version asked for, else the newest of `releases`. */
  readonly version: string;
  /** The reason why a person has to approve it first; undefined when no approval is missing. */
  readonly approvalReason: string | undefined;
}

export interface Checks {
  /** Checks what is known locally: policy, decisions, advisories. @throws Refusal */
  checkLocally(spec: PackageSpec): void;
  /** Returns the policy's reason to request an approval. Undefined when none is missing. */
  approvalReasonOf(spec: PackageSpec): string | undefined;
  /** All checks but the archive's own. @throws Refusal */
  examine(spec: PackageSpec, signal: AbortSignal): Promise<Examined>;
  /** @throws Refusal suspicious for a wheel that brings modules of others */
  refuseForeignModules(provider: Provider): void;
  /** @throws Refusal suspicious for two packages of one set that bring the same module */
  refuseSharedModules(ecosystem: Ecosystem, providers: readonly Provider[]): void;
  /** @throws Refusal suspicious for a package of npm whose folder has the name of another one */
  refuseForeignFolder(placed: Placed): void;
  /** Requests an approval. Always throws. @throws Refusal with the id of the approval */
  demandApproval(spec: PackageSpec, why: string): Promise<never>;
}

/** A name near a well-known one passes with a history that no squatter would wait for. */
const HISTORY = {
  near: { days: 365, releases: 5, releasesWithoutDates: 15 },
  close: { days: 3 * 365, releases: 20, releasesWithoutDates: 30 },
} as const;

/** After that long a package of one release is finished rather than new. */
const LONE_RELEASE_DAYS = 365;

export function createChecks(knowledge: Knowledge): Checks {
  const { policy, malicious, approvals, popular, index, now, provided } = knowledge;
  const modules = (): ModuleKnowledge => ({ owners: moduleOwners(), popular: popular('pypi'), policy, provided });

  const checkLocally = (spec: PackageSpec): void => {
    const { ecosystem, name, version } = spec;
    const listed = policyName(name);
    if (policy.blocked.has(listed)) throw new Refusal('blocked', `${name} is blocked by the policy`);
    if (policy.only_allowed?.has(listed) === false)
      throw new Refusal('blocked', `${name} is not among the allowed packages`);
    if (ecosystem === 'npm' && isNodeModule(name) && !popular('npm').has(name)) {
      throw new Refusal('suspicious', `${name} is the name of a module of Node itself`);
    }
    refuseMalicious(spec, malicious, popular);
    if (approvals.statusOf({ ecosystem, name, version }) === 'denied') {
      throw new Refusal('blocked', `${name} was denied by a person`);
    }
  };

  const approved = ({ ecosystem, name, version }: PackageSpec): boolean =>
    approvals.statusOf({ ecosystem, name, version }) === 'approved';

  const approvalReasonOf = (spec: PackageSpec): string | undefined =>
    policy.needs_approval.has(policyName(spec.name)) && !approved(spec)
      ? `${spec.name} needs an approval by the policy`
      : undefined;

  return {
    checkLocally,
    approvalReasonOf,
    async examine(spec, signal) {
      checkLocally(spec);
      const { ecosystem, name } = spec;
      // What the operator has named is known, whatever it resembles.
      const isNamed = policy.needs_approval.has(policyName(name)) || policy.only_allowed !== null;
      const likeness = isNamed || approved(spec) ? undefined : popular(ecosystem).findResemblance(name);
      const project = await findProject(index[ecosystem], { spec, likeness, signal });
      if (project.state === 'quarantined') throw new Refusal('blocked', `The index has quarantined ${name}`);
      if (project.state === 'security_holding') {
        throw new Refusal('malicious', `The registry removed ${name} for malicious code and holds its name`);
      }
      if (likeness !== undefined && !hasHistory(project, likeness, now())) throw typosquat(name, likeness);
      const releases = usableReleases(spec, project, malicious);
      const version = spec.version ?? newest(ecosystem, project, releases);
      const young = popular(ecosystem).has(name) || approved(spec) ? undefined : youth(project, policy, now());
      return { project, releases, version, approvalReason: approvalReasonOf(spec) ?? young };
    },
    refuseForeignModules: (provider) => refuseForeignModules(provider, modules()),
    refuseSharedModules(ecosystem, providers) {
      if (ecosystem === 'pypi') refuseSharedModules(providers, modules());
    },
    refuseForeignFolder: (placed) => refuseForeignFolder(placed, { popular: popular('npm'), policy }),
    async demandApproval({ ecosystem, name, version }, why) {
      const { id } = await approvals.request({ ecosystem, name, version }, why);
      const message = `${why}; it is waiting for approval ${id}`;
      throw new Refusal('suspicious', message, { status: 'approval_required' });
    },
  };
}

function refuseMalicious(
  { ecosystem, name, version }: PackageSpec,
  malicious: MaliciousIndex,
  popular: Knowledge['popular'],
): void {
  const advisory =
    malicious.find(ecosystem, name, version) ??
    // One bad release of a package that few use is enough to refuse a request without a version.
    (version === undefined && !popular(ecosystem).has(name) ? malicious.any(ecosystem, name) : undefined);
  if (advisory === undefined) return;
  const which = version === undefined ? name : `${name} ${version}`;
  throw new Refusal('malicious', `${which} is known as malicious: ${advisory.id} of ${advisory.date}`);
}

interface ProjectQuery {
  readonly spec: PackageSpec;
  readonly likeness: Resemblance | undefined;
  readonly signal: AbortSignal;
}

async function findProject(index: PackageIndex, { spec, likeness, signal }: ProjectQuery): Promise<Project> {
  try {
    return await index.project(spec.name, signal);
  } catch (error) {
    // Existing or not, the well-known name is what the caller needs to hear of.
    if (error instanceof Refusal && likeness !== undefined) throw typosquat(spec.name, likeness);
    if (error instanceof Refusal && error.reason.code === 'not_found') {
      throw new Refusal('not_found', `There is no package ${spec.name} on the index`, { cause: error });
    }
    throw error;
  }
}

function typosquat(name: string, { target }: Resemblance): Refusal {
  return new Refusal('typosquat', `${name} is not well-known and looks like ${target}`, { didYouMean: target });
}

function hasHistory(project: Project, { strength, isHousehold }: Resemblance, now: Date): boolean {
  // An honest package may have such a name, but who asks for it nearly always means the other one.
  if (strength === 'close' && isHousehold) return false;
  const wanted = HISTORY[strength];
  const days = ageDays(project, now);
  if (days === undefined) return project.releases.length >= wanted.releasesWithoutDates;
  return days >= wanted.days && project.releases.length >= wanted.releases;
}

/** Returns the reason why a package that is not well-known may be a trap; undefined for an established one. */
function youth(project: Project, policy: Policy, now: Date): string | undefined {
  const { name, releases } = project;
  const days = ageDays(project, now);
  if (days !== undefined && days < policy.minimum_age_days) {
    return `${name} is not well-known and was first published ${Math.max(0, Math.floor(days))} days ago`;
  }
  return releases.length === 1 && (days ?? 0) < LONE_RELEASE_DAYS
    ? `${name} is not well-known and has only one release`
    : undefined;
}

/** Returns the releases that may be installed. @throws Refusal with the reason why none is left */
function usableReleases(spec: PackageSpec, project: Project, malicious: MaliciousIndex): readonly Release[] {
  const { ecosystem, name, version } = spec;
  const asked = project.releases.filter(
    (release) => version === undefined || sameVersion(ecosystem, release.version, version),
  );
  const subject = version === undefined ? name : `${name} ${version}`;
  if (asked.length === 0) throw new Refusal('not_found', `There is no ${subject} on the index`);
  const standing = asked.filter(({ isYanked }) => !isYanked);
  if (standing.length === 0) throw new Refusal('yanked', `The publisher has yanked ${subject}`);
  const clean = standing.filter((release) => malicious.find(ecosystem, name, release.version) === undefined);
  if (clean.length === 0) throw new Refusal('malicious', `Every release of ${subject} is known as malicious`);
  const prebuilt = clean.filter(({ files }) => files.length > 0);
  if (prebuilt.length === 0) {
    const why = 'there is no wheel, and building one would run its code';
    throw new Refusal('no_wheel', `${subject} cannot be installed: ${why}`);
  }
  return prebuilt;
}

function newest(ecosystem: Ecosystem, { name, latest }: Project, releases: readonly Release[]): string {
  if (latest !== undefined && releases.some(({ version }) => version === latest)) return latest;
  const version = newestVersion(
    ecosystem,
    releases.map((release) => release.version),
  );
  if (version === undefined) throw new Refusal('not_found', `There is no release of ${name} whose version can be read`);
  return version;
}
