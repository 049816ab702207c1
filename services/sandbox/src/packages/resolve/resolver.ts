import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { Attempt } from './attempt.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import type { LayerPackage } from '../store/layer-store.ts';
import { type PackageSpec, parseSpec } from '../spec.ts';
import { Refusal } from '../refusal.ts';

/** A package of a resolved set, none of which is downloaded yet. */
export interface ResolvedPackage {
  readonly name: string;
  readonly version: string;
  /** Its path in npm's tree, such as `node_modules/a/node_modules/b`; empty for PyPI. */
  readonly place: string;
  /** The reason why a person has to approve it first. */
  readonly approvalReason: string | undefined;
  /**
   * Returns it unpacked, its hash verified and its archive inspected, with the names by which programs import it: for npm
   * its own where it lies at the top. @throws Refusal
   */
  obtain(): Promise<Pick<LayerPackage, 'stored' | 'modules'>>;
}

/** A requested package with the result of its checks. */
export interface Root {
  readonly spec: PackageSpec;
  readonly examined: Examined;
}

export interface Resolver {
  /** The interpreter that a layer depends on besides its packages. */
  readonly target: string;
  /**
   * Finds the packages that `roots` need, by the ecosystem's own tool, each examined like the roots themselves.
   * Nothing of a package is run.
   * @throws Refusal
   */
  resolve(roots: readonly Root[], attempt: Attempt): Promise<readonly ResolvedPackage[]>;
}

/** Context for the explanation of a failed resolution. */
export interface FailedResolve {
  readonly roots: readonly Root[];
  readonly checks: Checks;
  readonly signal: AbortSignal;
}

export interface ResolverLimits {
  readonly packages: number;
  readonly resolveMs: number;
}

export const RESOLVER_LIMITS: ResolverLimits = { packages: 300, resolveMs: 180_000 };

export const tooManyPackages = (count: number, limits: ResolverLimits): Refusal =>
  new Refusal('too_large', `${count} packages are needed; ${limits.packages} is the most`);

/**
 * Finds what the checks have against a release that a resolver was not shown, and therefore calls missing. `text` is
 * such as `name==1.0`. Undefined when they have nothing, or it is no exact version.
 */
export async function whyMissing(
  checks: Checks,
  { ecosystem, text }: { readonly ecosystem: Ecosystem; readonly text: string },
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
