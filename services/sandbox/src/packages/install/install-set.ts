import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { causeChain, MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { Attempt } from '../resolve/attempt.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import type { LayerStore, StoredLayer } from '../store/layer-store.ts';
import type { PackageStore } from '../store/package-store.ts';
import {
  type ResolvedPackage,
  type Resolver,
  type ResolverLimits,
  type Root,
  tooManyPackages,
} from '../resolve/resolver.ts';
import { formatSpec, type PackageSpec } from '../spec.ts';
import { Refusal } from '../refusal.ts';

export interface InstalledSet {
  readonly layer: StoredLayer;
  /** True when the layer existed before. */
  readonly isOld: boolean;
}

/** The progress of an install. */
export interface InstallProgress {
  /** Packages that are unpacked. */
  readonly done: number;
  /** Packages of the set; undefined until they are known. */
  readonly total: number | undefined;
  readonly message: string;
}

export type ReportProgress = (progress: InstallProgress) => void;

/** Installs packages of one ecosystem together into one layer. @throws Refusal, what `signal` was aborted with */
export type InstallSet = (
  ecosystem: Ecosystem,
  specs: readonly PackageSpec[],
  task: { readonly signal: AbortSignal; note(line: string): void; readonly report: ReportProgress },
) => Promise<InstalledSet>;

export interface InstallSetOptions {
  readonly checks: Checks;
  readonly store: LayerStore;
  readonly packages: PackageStore;
  readonly resolvers: Readonly<Record<Ecosystem, Resolver>>;
  readonly limits: ResolverLimits;
  /** For what is thrown away afterwards. */
  readonly workDirectory: string;
}

export function createInstallSet(options: InstallSetOptions): InstallSet {
  const { checks, store, packages, resolvers, limits, workDirectory } = options;

  const install = async (
    ecosystem: Ecosystem,
    roots: readonly Root[],
    { attempt, report }: { readonly attempt: Attempt; readonly report: ReportProgress },
  ): Promise<StoredLayer> => {
    const resolver = resolvers[ecosystem];
    const found = await resolver.resolve(roots, attempt);
    if (found.length > limits.packages) throw tooManyPackages(found.length, limits);
    const resolved = found.toSorted((a, b) => compare(a.place, b.place) || compare(a.name, b.name));
    for (const { name, version } of resolved) checks.checkLocally({ ecosystem, name, version, extras: [] });
    await demandApprovals(checks, ecosystem, resolved);
    const obtained = await obtainAll(resolved, report);
    checks.refuseSharedModules(
      ecosystem,
      obtained.map(({ stored: { record }, modules }) => ({ name: record.name, version: record.version, modules })),
    );
    const layer = await store.build({ ecosystem, target: resolver.target, packages: obtained });
    const bytes = layer.record.packages.reduce((sum, item) => sum + item.size_bytes, 0);
    attempt.note(`${resolved.length} packages, ${bytes} bytes, none of their code was run`);
    return layer;
  };

  return async (ecosystem, specs, { signal, note, report }) => {
    for (const [position, spec] of specs.entries()) await positioned(position, () => checkBeforehand(checks, spec));
    const key = JSON.stringify([ecosystem, resolvers[ecosystem].target, specs.map(formatSpec).sort()]);
    const known = await store.recall(key);
    if (known !== undefined) {
      await recheck(checks, known, specs);
      note('Installed before: the index was not asked');
      return { layer: known, isOld: true };
    }
    const directory = await mkdtemp(join(workDirectory, 'attempt-'));
    const held = packages.open();
    try {
      report({ done: 0, total: undefined, message: 'looking for versions that go together' });
      const roots = await examineRoots(checks, specs, signal);
      const attempt = { signal, directory, store: held, note };
      const layer = await install(ecosystem, roots, { attempt, report });
      await store.remember(key, layer);
      return { layer, isOld: false };
    } catch (error) {
      signal.throwIfAborted();
      throw asRefusal(error);
    } finally {
      held.close();
      await rm(directory, { recursive: true, force: true });
    }
  };
}

/** Downloads and unpacks all packages; the store bounds how many at a time. */
async function obtainAll(resolved: readonly ResolvedPackage[], report: ReportProgress) {
  const total = resolved.length;
  let done = 0;
  return Promise.all(
    resolved.map(async (item) => {
      const obtained = await item.obtain();
      done += 1;
      report({ done, total, message: `${done} of ${total} packages are there: ${item.name} ${item.version}` });
      return { ...obtained, place: item.place };
    }),
  );
}

/** Checks what is known without the index; requests an approval of an exact version where the policy wants one. */
async function checkBeforehand(checks: Checks, spec: PackageSpec): Promise<void> {
  checks.checkLocally(spec);
  const why = checks.policyReason(spec);
  if (why !== undefined && spec.version !== undefined) {
    await checks.demandApproval({ ...spec, version: spec.version }, why);
  }
}

/** A layer may have been built before a package of it became known as malicious, or was denied. */
async function recheck(checks: Checks, { record }: StoredLayer, specs: readonly PackageSpec[]): Promise<void> {
  const { ecosystem, packages } = record;
  for (const { name, version } of packages) {
    const check = () => checkBeforehand(checks, { ecosystem, name, version, extras: [] });
    const position = specs.findIndex((spec) => spec.name === name);
    await (position < 0 ? check() : positioned(position, check));
  }
}

async function examineRoots(checks: Checks, specs: readonly PackageSpec[], signal: AbortSignal) {
  const roots: Root[] = [];
  for (const [position, spec] of specs.entries()) {
    await positioned(position, async () => {
      const examined = await examineOrAsk(checks, spec, signal);
      const release = { ...spec, version: examined.version };
      checks.checkLocally(release);
      if (examined.approvalReason !== undefined) await checks.demandApproval(release, examined.approvalReason);
      roots.push({ spec, examined });
    });
  }
  return roots;
}

/** Without an index there is no version to approve, and yet an approval is what is missing first. */
async function examineOrAsk(checks: Checks, spec: PackageSpec, signal: AbortSignal): Promise<Examined> {
  try {
    return await checks.examine(spec, signal);
  } catch (cause) {
    const why = checks.isApproved(spec) ? undefined : checks.policyReason(spec);
    if (why === undefined || !(cause instanceof Refusal) || cause.reason.code !== 'index_unreachable') throw cause;
    const message = `${why}, of a version, and the index cannot be asked for one: ${cause.message}`;
    throw new Refusal('suspicious', message, { status: 'approval_required', cause });
  }
}

/** Requests every approval before the first one stops the install. */
async function demandApprovals(
  checks: Checks,
  ecosystem: Ecosystem,
  resolved: readonly ResolvedPackage[],
): Promise<void> {
  const refusals: Refusal[] = [];
  for (const { name, version, approvalReason } of resolved) {
    if (approvalReason === undefined) continue;
    const release = { ecosystem, name, version, extras: [] };
    await checks.demandApproval(release, approvalReason).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    });
  }
  const [first] = refusals;
  if (first === undefined) return;
  const message = refusals.map(({ reason }) => reason.message).join('; ');
  throw new Refusal('suspicious', message, { status: 'approval_required', cause: first });
}

/** Marks a refusal with the index of the package that it is about. */
async function positioned<T>(position: number, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw error instanceof Refusal ? error.at(position) : error;
  }
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);

/** A refusal on its way through a stream or a process may have become the cause of another error. */
function asRefusal(error: unknown): unknown {
  const refusal = [...causeChain(error)].find((at) => at instanceof Refusal);
  if (refusal !== undefined || !Error.isError(error)) return refusal ?? error;
  if (error instanceof MeshError) {
    return error.code === 'upstream_timeout'
      ? new Refusal('install_failed', 'It took too long', { cause: error })
      : error;
  }
  return new Refusal('install_failed', 'The packages could not be installed', { cause: error });
}
