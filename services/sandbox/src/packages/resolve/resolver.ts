import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { Attempt } from './attempt.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import type { WriteFile } from '../store/layer-store.ts';
import { type PackageSpec, parseSpec } from '../spec.ts';
import { Refusal } from '../refusal.ts';

/** A package of a resolved set: downloaded, its hash verified, its archive looked through. */
export interface ResolvedPackage {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
  /** Where npm wants it, such as `node_modules/a/node_modules/b`; empty for PyPI. */
  readonly place: string;
  /** Why a person has to allow it first. */
  readonly approvalReason: string | undefined;
  unpack(write: WriteFile): Promise<void>;
}

/** A package that was asked for, and what the checks found. */
export interface Root {
  readonly spec: PackageSpec;
  readonly examined: Examined;
}

export interface Resolver {
  /** What a layer depends on besides the packages: an interpreter. */
  readonly target: string;
  /**
   * Finds the packages that `roots` need, by the ecosystem's own tool, each examined like the roots themselves.
   * Nothing of a package is run.
   * @throws Refusal
   */
  resolve(roots: readonly Root[], attempt: Attempt): Promise<readonly ResolvedPackage[]>;
}

export interface ResolverLimits {
  readonly packages: number;
  readonly resolveMs: number;
}

export const RESOLVER_LIMITS: ResolverLimits = { packages: 100, resolveMs: 180_000 };

/**
 * A resolver was not shown a release, so it says that there is none: this finds what the checks have against it.
 * `text` is such as `name==1.0`. Undefined when they have nothing, or it is no exact version.
 */
export async function whyMissing(
  checks: Checks,
  ecosystem: Ecosystem,
  text: string,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  try {
    const spec = parseSpec(ecosystem, text);
    if (spec.version !== undefined) await checks.examine(spec, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.reason.code.startsWith('invalid_') ? undefined : error;
  }
}
