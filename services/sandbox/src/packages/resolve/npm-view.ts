import { join } from 'node:path';
import type { ArchiveLimits } from '../archive/archive.ts';
import { inspectTarball } from '../archive/tarball.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { Release } from '../index/project.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import { printable, Refusal } from '../refusal.ts';
import { isName } from '../spec.ts';
import type { StoredPackage } from '../store/package-store.ts';
import { createTreeWriter } from '../store/tree-writer.ts';
import { type Attempt, downloadFile } from './attempt.ts';
import type { GateAnswer } from './gate.ts';
import type { Locked } from './npm-lockfile.ts';
import { type GateManifest, gateManifest, platformOf } from './npm-manifest.ts';
import { nameOfTarget, type NpmTarget, suitsTarget } from './npm-target.ts';
import type { ResolvedPackage, ResolverLimits } from './resolver.ts';

/** A package that npm has been shown. */
interface Offered {
  readonly approvalReason: string | undefined;
  readonly releases: ReadonlyMap<string, Release>;
}

export interface NpmViewOptions {
  readonly checks: Checks;
  readonly fetcher: Fetcher;
  readonly archives: ArchiveLimits;
  readonly limits: ResolverLimits;
  readonly target: NpmTarget;
}

/** The registry as npm sees it during one install: descriptions of examined packages, and no file at all. */
export function createNpmView(options: NpmViewOptions, attempt: Attempt) {
  const { checks, limits, target } = options;
  const answers = new Map<string, Promise<string | undefined>>();
  const offered = new Map<string, Offered>();
  const needs = createNeeds();
  const obtain = createTarballs(options, attempt);

  const packument = async (name: string): Promise<string> => {
    if (!isName('npm', name)) {
      throw new Refusal('suspicious', `A package needs "${printable(name)}", which is not a valid name`);
    }
    if (answers.size > limits.packages * 3) throw new Refusal('too_large', 'Too many packages are needed');
    const examined = await checks.examine({ ecosystem: 'npm', name, extras: [], version: undefined }, attempt.signal);
    attempt.note(`${name}: passed the checks of its name and its history`);
    const { text, releases, manifests } = describe(name, examined, target);
    offered.set(name, { approvalReason: examined.approvalReason, releases });
    needs.add(manifests);
    return text;
  };

  /** True for what only an optional dependency needs: it may be refused, and npm goes on without it. */
  const packumentOnce = async (name: string): Promise<string | undefined> => {
    try {
      return await packument(name);
    } catch (error) {
      if (!(error instanceof Refusal) || !needs.isOptional(name)) throw error;
      attempt.note(`${name} is optional and was left out: ${error.message}`);
      return undefined;
    }
  };

  return {
    async answer(path: string): Promise<GateAnswer | undefined> {
      const name = decodeURIComponent(path.slice(1));
      const body = answers.get(name) ?? packumentOnce(name);
      answers.set(name, body);
      const text = await body;
      return text === undefined ? undefined : { contentType: 'application/vnd.npm.install-v1+json', body: text };
    },
    /** Downloads and inspects one requested release. */
    async inspect(name: string, { version, releases }: Examined): Promise<void> {
      const release = releases.find((item) => item.version === version);
      if (release === undefined || gateManifest(name, release, target) === undefined) {
        throw foreignNeeds(`${name}@${version}`);
      }
      await obtain(name, release);
    },
    /** Returns the packages of the lockfile that are for this machine. */
    collect: (locked: readonly Locked[]): readonly ResolvedPackage[] =>
      locked.flatMap((item) => resolve(item, { checks, target, known: offered.get(item.name), obtain })),
  };
}

interface ResolveParts {
  readonly checks: Checks;
  readonly target: NpmTarget;
  readonly known: Offered | undefined;
  obtain(name: string, release: Release): Promise<StoredPackage>;
}

/** Returns the package of an entry of the lockfile; none where it is a build for another machine. @throws Refusal */
function resolve(
  { name, version, place, integrity, isOptional }: Locked,
  { checks, target, known, obtain }: ResolveParts,
): readonly ResolvedPackage[] {
  const release = known?.releases.get(version);
  const hash = release?.files[0]?.hash;
  const isOther = hash !== undefined && integrity !== hash.replace(':', '-');
  if (known === undefined || release === undefined || isOther) {
    throw new Refusal('install_failed', `npm chose ${printable(name)}@${printable(version)}, which was not checked`);
  }
  if (isOptional && !suitsTarget(platformOf(release), target)) return [];
  checks.refuseForeignFolder({ name, version, place });
  // What lies deeper is found by the package around it alone.
  const modules = place === `node_modules/${name}` ? [name] : [];
  const { approvalReason } = known;
  return [
    { name, version, place, approvalReason, obtain: async () => ({ stored: await obtain(name, release), modules }) },
  ];
}

/** Writes a package's description for npm. @throws Refusal when no release can be had from the registry alone */
function describe(name: string, { releases, version: newest }: Examined, target: NpmTarget) {
  const manifests = releases.flatMap((release) => {
    const manifest = gateManifest(name, release, target);
    return manifest === undefined ? [] : [{ release, manifest }];
  });
  const usable = new Map(manifests.map(({ release }) => [release.version, release]));
  const latest = usable.has(newest) ? newest : [...usable.keys()].at(-1);
  if (latest === undefined) throw foreignNeeds(name);
  const versions = Object.fromEntries(manifests.map(({ release, manifest }) => [release.version, manifest]));
  const text = JSON.stringify({ name, 'dist-tags': { latest }, versions });
  return { releases: usable, manifests: manifests.map(({ manifest }) => manifest), text };
}

/** Remembers which packages others need, and which are optional wherever they are named. */
function createNeeds() {
  const required = new Set<string>();
  const optional = new Set<string>();
  return {
    add(manifests: readonly GateManifest[]): void {
      for (const { dependencies, peerDependencies, optionalDependencies } of manifests) {
        for (const name of Object.keys({ ...dependencies, ...peerDependencies })) required.add(name);
        for (const name of Object.keys(optionalDependencies)) optional.add(name);
      }
    },
    isOptional: (name: string): boolean => optional.has(name) && !required.has(name),
  };
}

/** Returns a function that downloads, inspects and unpacks the tarball of a release, once. */
function createTarballs({ fetcher, archives: limits, target }: NpmViewOptions, { signal, store, note }: Attempt) {
  const fetched = new Map<string, Promise<StoredPackage>>();

  const fetchTarball = async (name: string, { version, files: [file] }: Release): Promise<StoredPackage> => {
    const subject = `${name}@${version}`;
    if (file === undefined) throw new Refusal('not_found', `There is no file of ${subject}`);
    if (file.hash === undefined) throw new Refusal('hash_mismatch', `The registry gives no hash for ${subject}`);
    const key = { ecosystem: 'npm', name, version, hash: file.hash, target: nameOfTarget(target) } as const;
    const stored = await store.obtain(
      key,
      async ({ tree, folder }, shared) => {
        const path = join(folder, 'archive.tgz');
        await downloadFile(fetcher, file, { path, subject, limits, signal: shared });
        const reading = { limits, isNative: target.isNative, write: createTreeWriter(tree) };
        const { hooks } = await inspectTarball(path, { name, version }, reading);
        const remarks = hooks.length === 0 ? [] : [`its scripts ${hooks.join(', ')} were not run`];
        return { modules: [name], stands_for: [], remarks };
      },
      signal,
    );
    const skipped = stored.record.remarks.map((remark) => `; ${remark}`).join('');
    note(`${subject}: the tarball has the right hash, and its archive is in order${skipped}`);
    return stored;
  };

  return (name: string, release: Release): Promise<StoredPackage> => {
    const subject = `${name}@${release.version}`;
    const fetching = fetched.get(subject) ?? fetchTarball(name, release);
    fetched.set(subject, fetching);
    return fetching;
  };
}

const foreignNeeds = (subject: string): Refusal =>
  new Refusal('suspicious', `${subject} needs a package from elsewhere than the registry`);
