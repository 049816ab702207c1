import { ageDays, type PackageIndex, type Project } from '../index/project.ts';
import { Refusal } from '../refusal.ts';
import type { PackageSpec } from '../spec.ts';
import type { Policy } from './policy.ts';
import type { Resemblance } from './typosquat.ts';

/** A name near a well-known one passes with a history that no squatter would wait for. */
const HISTORY = {
  near: { days: 365, releases: 5, releasesWithoutDates: 15 },
  close: { days: 3 * 365, releases: 20, releasesWithoutDates: 30 },
} as const;

/** Squats do not last that long: such a package has a name of its own, however few its releases. */
const OLD = { days: 7 * 365, releases: 5 } as const;

/** After that long a package of one release is finished rather than new. */
const LONE_RELEASE_DAYS = 365;

export interface ProjectQuery {
  readonly spec: PackageSpec;
  readonly likeness: Resemblance | undefined;
  /** True for a well-known name, and one that the operator has named. */
  readonly isKnown: boolean;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Asks the index for a package that may be installed at all. @throws Refusal */
export async function findProject(index: PackageIndex, query: ProjectQuery): Promise<Project> {
  const { spec, likeness, now } = query;
  const project = await askFor(index, query);
  if (project.state === 'quarantined') throw new Refusal('blocked', `The index has quarantined ${spec.name}`);
  if (project.state === 'security_holding') {
    throw new Refusal('malicious', `The registry removed ${spec.name} for malicious code and holds its name`);
  }
  if (project.state === 'was_held' && !query.isKnown) {
    const message = `The registry once removed malicious code under the name ${spec.name}, which is not well-known since`;
    throw new Refusal('suspicious', message);
  }
  if (likeness !== undefined && !hasHistory(project, likeness, now)) throw typosquat(spec.name, likeness);
  return project;
}

async function askFor(index: PackageIndex, { spec, likeness, signal }: ProjectQuery): Promise<Project> {
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

function typosquat(name: string, { target, isCommon }: Resemblance): Refusal {
  return new Refusal('typosquat', `${name} is not well-known and looks like ${target}`, {
    didYouMean: isCommon ? target : undefined,
  });
}

function hasHistory(project: Project, { strength, isHousehold }: Resemblance, now: Date): boolean {
  // An honest package may have such a name, but who asks for it nearly always means the other one.
  if (strength === 'close' && isHousehold) return false;
  const wanted = HISTORY[strength];
  const days = ageDays(project, now);
  const { length: releases } = project.releases;
  if (days === undefined) return releases >= wanted.releasesWithoutDates;
  return (days >= wanted.days && releases >= wanted.releases) || (days >= OLD.days && releases >= OLD.releases);
}

/** Returns the reason why a package that is not well-known may be a trap; undefined for an established one. */
export function youth(project: Project, policy: Policy, now: Date): string | undefined {
  const { name, releases } = project;
  const days = ageDays(project, now);
  if (days !== undefined && days < policy.minimum_age_days) {
    return `${name} is not well-known and was first published ${Math.max(0, Math.floor(days))} days ago`;
  }
  return releases.length === 1 && (days ?? 0) < LONE_RELEASE_DAYS
    ? `${name} is not well-known and has only one release`
    : undefined;
}
