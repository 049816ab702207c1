import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveLimits } from '../archive/archive.ts';
import { inspectTarball, readTarball } from '../archive/tarball.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { Release } from '../index/project.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import { printable, Refusal } from '../refusal.ts';
import { isName } from '../spec.ts';
import { type Attempt, downloadFile } from './attempt.ts';
import type { GateAnswer } from './gate.ts';
import type { Locked } from './npm-lockfile.ts';
import { gateManifest } from './npm-manifest.ts';
import type { ResolvedPackage, ResolverLimits } from './resolver.ts';

const PARALLEL_DOWNLOADS = 4;

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
}

/** The registry as npm sees it during one install: descriptions of examined packages, and no file at all. */
export function createNpmView(options: NpmViewOptions, attempt: Attempt) {
  const { checks, limits } = options;
  const answers = new Map<string, Promise<string>>();
  const offered = new Map<string, Offered>();
  const fetchOnce = createTarballs(options, attempt);

  const packument = async (name: string): Promise<string> => {
    if (!isName('npm', name)) {
      throw new Refusal('suspicious', `A package needs "${printable(name)}", which is not a valid name`);
    }
    if (answers.size > limits.packages * 2) throw new Refusal('too_large', 'Too many packages are needed');
    const examined = await checks.examine({ ecosystem: 'npm', name, extras: [], version: undefined }, attempt.signal);
    attempt.note(`${name}: passed the checks of its name and its history`);
    const { text, releases } = describe(name, examined);
    offered.set(name, { approvalReason: examined.approvalReason, releases });
    return text;
  };

  const resolve = async ({ name, version, place, integrity }: Locked): Promise<ResolvedPackage> => {
    const known = offered.get(name);
    const release = known?.releases.get(version);
    const hash = release?.files[0]?.hash;
    const isOther = hash !== undefined && integrity !== hash.replace(':', '-');
    if (known === undefined || release === undefined || isOther) {
      throw new Refusal('install_failed', `npm chose ${printable(name)}@${printable(version)}, which was not checked`);
    }
    checks.refuseForeignFolder({ name, version, place });
    const path = await fetchOnce(name, release);
    return {
      name,
      version,
      hash: hash ?? '',
      place,
      // What lies deeper is found by the package around it alone.
      modules: place === `node_modules/${name}` ? [name] : [],
      approvalReason: known.approvalReason,
      unpack: (write) =>
        readTarball({ path, subject: `${name}@${version}`, limits: options.archives }, async (target, content) => {
          await write(`${place}/${target}`, content);
        }),
    };
  };

  return {
    async answer(path: string): Promise<GateAnswer> {
      const name = decodeURIComponent(path.slice(1));
      const body = answers.get(name) ?? packument(name);
      answers.set(name, body);
      return { contentType: 'application/vnd.npm.install-v1+json', body: await body };
    },
    /** Downloads and inspects one requested release. */
    async inspect(name: string, { version, releases }: Examined): Promise<void> {
      const release = releases.find((item) => item.version === version);
      if (release === undefined || gateManifest(name, release) === undefined) throw foreignNeeds(`${name}@${version}`);
      await fetchOnce(name, release);
    },
    /** Downloads and inspects the packages of the lockfile, each file once. */
    collect: (locked: readonly Locked[]) => inParallel(locked, resolve),
  };
}

/** Calls `task` for each item, a few at a time. */
async function inParallel<From, To>(items: readonly From[], task: (item: From) => Promise<To>): Promise<readonly To[]> {
  const results: To[] = [];
  const queue = [...items];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await task(next));
  };
  await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, work));
  return results;
}

/** Writes a package's description for npm. @throws Refusal when no release can be had from the registry alone */
function describe(name: string, { releases, version: newest }: Examined) {
  const manifests = releases.flatMap((release) => {
    const manifest = gateManifest(name, release);
    return manifest === undefined ? [] : [{ release, manifest }];
  });
  const usable = new Map(manifests.map(({ release }) => [release.version, release]));
  const latest = usable.has(newest) ? newest : [...usable.keys()].at(-1);
  if (latest === undefined) throw foreignNeeds(name);
  const versions = Object.fromEntries(manifests.map(({ release, manifest }) => [release.version, manifest]));
  return { releases: usable, text: JSON.stringify({ name, 'dist-tags': { latest }, versions }) };
}

/** Returns a function that downloads and inspects the tarball of a release, once. */
function createTarballs({ fetcher, archives }: NpmViewOptions, { signal, directory, note }: Attempt) {
  const fetched = new Map<string, Promise<string>>();

  const fetchTarball = async (subject: string, name: string, release: Release): Promise<string> => {
    const [file] = release.files;
    if (file === undefined) throw new Refusal('not_found', `There is no file of ${subject}`);
    const folder = join(directory, 'tarballs', name.replace('/', '+'));
    await mkdir(folder, { recursive: true });
    const path = join(folder, file.filename);
    await downloadFile(fetcher, file, { path, subject, limits: archives, signal });
    const { hooks } = await inspectTarball(path, { name, version: release.version }, archives);
    const skipped = hooks.length === 0 ? '' : `; its scripts ${hooks.join(', ')} were not run`;
    note(`${subject}: the tarball has the right hash, and its archive is in order${skipped}`);
    return path;
  };

  return (name: string, release: Release): Promise<string> => {
    const subject = `${name}@${release.version}`;
    const fetching = fetched.get(subject) ?? fetchTarball(subject, name, release);
    fetched.set(subject, fetching);
    return fetching;
  };
}

const foreignNeeds = (subject: string): Refusal =>
  new Refusal('suspicious', `${subject} needs a package from elsewhere than the registry`);
