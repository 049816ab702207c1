import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { Approvals } from './approvals.ts';
import type { MaliciousIndex } from './malicious.ts';
import { newest, usableReleases } from './usable-releases.ts';
import { isListed } from './policy.ts';
import { DAY_MS, type PackageIndex, type Project, type Release } from '../index/project.ts';
import { type PackageSpec, policyName } from '../spec.ts';
import { isNodeModule } from '../names/check-folders.ts';
import { createNameChecks, type NameChecks, type NameKnowledge } from './name-checks.ts';
import { findProject, youth } from './reputation.ts';
import { Refusal } from '../refusal.ts';

/** Everything that the checks compare a package with. */
export interface Knowledge extends NameKnowledge {
  readonly malicious: MaliciousIndex;
  readonly approvals: Approvals;
  readonly index: Readonly<Record<Ecosystem, PackageIndex>>;
  /** Days that a release has to be old, so that others may find what is wrong with it. */
  readonly minReleaseAgeDays: number;
  now(): Date;
}

/** One version of a package. */
export type ReleaseSpec = PackageSpec & { readonly version: string };

/** A package that passed all checks but a missing approval. */
export interface Examined {
  readonly project: Project;
  /** The releases that may be installed, of the version asked for or of all. */
  readonly releases: readonly Release[];
  /** The version asked for, else the newest of `releases`. */
  readonly version: string;
  /** The reason why a person has to approve each version of it; undefined when none has to. */
  readonly approvalReason: string | undefined;
}

export interface Checks extends NameChecks {
  /** Checks what is known locally: policy, decisions, advisories. @throws Refusal */
  checkLocally(spec: PackageSpec): void;
  /** Returns the policy's reason for an approval of each version. Undefined when it wants none. */
  policyReason(spec: PackageSpec): string | undefined;
  /** Returns true when a person has approved this version; without a version, when one has approved any. */
  isApproved(spec: PackageSpec): boolean;
  /** All checks but the archive's own. @throws Refusal */
  examine(spec: PackageSpec, signal: AbortSignal): Promise<Examined>;
  /** Requests an approval of one version where it is missing. @throws Refusal with the id of the approval */
  demandApproval(release: ReleaseSpec, why: string): Promise<void>;
}

export function createChecks(knowledge: Knowledge): Checks {
  const { policy, malicious, approvals, popular, index, now, minReleaseAgeDays } = knowledge;
  const knows = (spec: PackageSpec): boolean => popular(spec.ecosystem).has(spec.name);

  const checkLocally = (spec: PackageSpec): void => {
    const { ecosystem, name, version } = spec;
    if (isListed(policy.blocked, spec, knows(spec))) {
      throw new Refusal('blocked', `${name} is blocked by the policy`);
    }
    if (policy.only_allowed?.has(policyName(name)) === false)
      throw new Refusal('blocked', `${name} is not among the allowed packages`);
    if (ecosystem === 'npm' && isNodeModule(name) && !knows(spec)) {
      throw new Refusal('suspicious', `${name} is the name of a module of Node itself`);
    }
    refuseMalicious(spec, malicious, popular);
    if (approvals.statusOf({ ecosystem, name, version }) === 'denied') {
      throw new Refusal('blocked', `${version === undefined ? name : `${name} ${version}`} was denied by a person`);
    }
  };

  const isApproved = ({ ecosystem, name, version }: PackageSpec): boolean =>
    approvals.statusOf({ ecosystem, name, version }) === 'approved';

  const policyReason = (spec: PackageSpec): string | undefined =>
    isListed(policy.needs_approval, spec, knows(spec)) ? `${spec.name} needs an approval by the policy` : undefined;

  const choose = (spec: PackageSpec, project: Project, isYoung: boolean) => {
    const { releases, unsettled } = usableReleases(spec, project, {
      malicious,
      settledBefore: new Date(now().getTime() - minReleaseAgeDays * DAY_MS),
      isApproved: (version) => isApproved({ ...spec, version }),
    });
    // A person may decide on a package that is new as a whole; a new release of another one has to wait.
    if (unsettled !== undefined && (!isYoung || spec.version !== undefined)) {
      const wait = `a release is installed once it is ${minReleaseAgeDays} days old. Ask for an older one, or wait`;
      throw new Refusal('suspicious', `${unsettled}: ${wait}`);
    }
    return { releases, version: spec.version ?? newest(spec, project, releases) };
  };

  return {
    checkLocally,
    policyReason,
    isApproved,
    async examine(spec, signal) {
      checkLocally(spec);
      const { ecosystem, name } = spec;
      // What the operator has named is known, whatever it resembles.
      const isNamed = policy.needs_approval.has(policyName(name)) || policy.only_allowed !== null;
      const isExempt = isNamed || isApproved({ ...spec, version: undefined });
      const likeness = isExempt ? undefined : popular(ecosystem).findResemblance(name);
      const isKnown = isExempt || knows(spec);
      const project = await findProject(index[ecosystem], { spec, likeness, isKnown, now: now(), signal });
      const young = knows(spec) ? undefined : youth(project, policy, now());
      const chosen = choose(spec, project, young !== undefined);
      return { project, ...chosen, approvalReason: policyReason(spec) ?? young };
    },
    ...createNameChecks(knowledge),
    async demandApproval(release, why) {
      if (isApproved(release)) return;
      const { ecosystem, name, version } = release;
      const { id } = await approvals.request({ ecosystem, name, version }, why);
      const message = `${why}; ${version} is waiting for approval ${id}`;
      throw new Refusal('suspicious', message, { status: 'approval_required' });
    },
  };
}

function refuseMalicious(
  { ecosystem, name, version }: PackageSpec,
  malicious: MaliciousIndex,
  popular: NameKnowledge['popular'],
): void {
  const advisory =
    malicious.find(ecosystem, name, version) ??
    // One bad release of a package that few use is enough to refuse a request without a version.
    (version === undefined && !popular(ecosystem).has(name) ? malicious.any(ecosystem, name) : undefined);
  if (advisory === undefined) return;
  const which = version === undefined ? name : `${name} ${version}`;
  throw new Refusal('malicious', `${which} is known as malicious: ${advisory.id} of ${advisory.date}`);
}
