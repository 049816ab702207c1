import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArchiveLimits } from '../archive/archive.ts';
import { type Attempt, downloadFile } from './attempt.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import type { Fetcher } from '../index/fetcher.ts';
import { GATE_ORIGIN, type GateAnswer, openGate } from './gate.ts';
import { gateManifest } from './npm-manifest.ts';
import type { Release } from '../index/project.ts';
import { type ResolvedPackage, type Resolver, type ResolverLimits, type Root, whyMissing } from './resolver.ts';
import { type ProcessEnd, runProcess } from './run-process.ts';
import { formatSpec, isName } from '../spec.ts';
import { inspectTarball, readTarball } from '../archive/tarball.ts';
import { printable, Refusal } from '../refusal.ts';

export interface NpmResolverOptions {
  readonly checks: Checks;
  readonly fetcher: Fetcher;
  /** npm's own script, such as `/usr/lib/node_modules/npm/bin/npm-cli.js`. */
  readonly npm: string;
  readonly archives: ArchiveLimits;
  readonly limits: ResolverLimits;
}

const PARALLEL_DOWNLOADS = 4;

export function createNpmResolver(options: NpmResolverOptions): Resolver {
  const { npm, limits } = options;
  return {
    target: 'npm',
    async resolve(roots, attempt) {
      const shelf = createShelf(options, attempt);
      // What is refused for its own sake is refused before npm is started.
      for (const { spec, examined } of roots) await shelf.lookThrough(spec.name, examined);
      const gate = await openGate(shelf.answer);
      try {
        const project = join(attempt.directory, 'project');
        await mkdir(project, { recursive: true });
        const dependencies = Object.fromEntries(roots.map(({ spec, examined }) => [spec.name, examined.version]));
        await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, dependencies }));
        const settings = { registry: `${GATE_ORIGIN}/`, proxy: gate.proxyUrl, 'https-proxy': gate.proxyUrl };
        const places = {
          cache: join(attempt.directory, 'cache'),
          // Files that are not there: neither this user's settings nor the system's.
          userconfig: join(attempt.directory, 'user.npmrc'),
          globalconfig: join(attempt.directory, 'global.npmrc'),
        };
        const args = Object.entries({ ...settings, ...places }).map(([name, value]) => `--${name}=${value}`);
        const end = await runProcess([process.execPath, npm, 'install', ...FLAGS, ...args], {
          env: { HOME: attempt.directory, TMPDIR: attempt.directory, PATH: '/nonexistent' },
          cwd: project,
          timeoutMs: limits.resolveMs,
          signal: AbortSignal.any([attempt.signal, gate.refused]),
        });
        gate.refused.throwIfAborted();
        if (end.exitCode !== 0) throw await npmRefusal(end, roots, options, attempt.signal);
        const locked = readLock(await readFile(join(project, 'package-lock.json'), 'utf8'));
        if (locked.length > limits.packages) {
          throw new Refusal('too_large', `${locked.length} packages are needed; ${limits.packages} is the most`);
        }
        return await shelf.collect(locked);
      } finally {
        gate.close();
      }
    },
  };
}

/** npm decides and writes a lockfile: it unpacks nothing and runs no script. */
const FLAGS = [
  ['--package-lock-only', '--lockfile-version=3', '--ignore-scripts', '--no-audit', '--no-fund'],
  ['--no-update-notifier', '--no-progress', '--no-color', '--loglevel=error', '--logs-max=0', '--fetch-retries=0'],
].flat();

interface Shelved {
  readonly approvalReason: string | undefined;
  readonly releases: ReadonlyMap<string, Release>;
}

/** What npm may see during one install: descriptions of examined packages, and no file at all. */
function createShelf({ checks, fetcher, archives, limits }: NpmResolverOptions, attempt: Attempt) {
  const { signal, directory, note } = attempt;
  const answers = new Map<string, Promise<string>>();
  const shelved = new Map<string, Shelved>();
  const tarballs = new Map<string, Promise<string>>();

  const packument = async (name: string): Promise<string> => {
    if (!isName('npm', name)) throw new Refusal('suspicious', `A package needs "${printable(name)}", which is no name`);
    if (answers.size > limits.packages * 2) throw new Refusal('too_large', 'Too many packages are needed');
    const examined = await checks.examine({ ecosystem: 'npm', name, extras: [], version: undefined }, signal);
    note(`${name}: passed the checks of its name and its history`);
    return shelve(name, examined);
  };

  const shelve = (name: string, { releases, version: newest, approvalReason }: Examined): string => {
    const manifests = releases.flatMap((release) => {
      const manifest = gateManifest(name, release);
      return manifest === undefined ? [] : [{ release, manifest }];
    });
    const offered = new Map(manifests.map(({ release }) => [release.version, release]));
    shelved.set(name, { approvalReason, releases: offered });
    const latest = offered.has(newest) ? newest : [...offered.keys()].at(-1);
    if (latest === undefined) {
      throw foreignNeeds(name);
    }
    const versions = Object.fromEntries(manifests.map(({ release, manifest }) => [release.version, manifest]));
    return JSON.stringify({ name, 'dist-tags': { latest }, versions });
  };

  const fetchOnce = (name: string, release: Release): Promise<string> => {
    const subject = `${name}@${release.version}`;
    const fetching = tarballs.get(subject) ?? fetchTarball(subject, name, release);
    tarballs.set(subject, fetching);
    return fetching;
  };

  const fetchTarball = async (subject: string, name: string, release: Release): Promise<string> => {
    const [file] = release.files;
    if (file === undefined) throw new Refusal('not_found', `There is no file of ${subject}`);
    const folder = join(directory, 'tarballs', name.replace('/', '+'));
    await mkdir(folder, { recursive: true });
    const path = join(folder, file.filename);
    await downloadFile(fetcher, file, path, { subject, limits: archives, signal });
    const { hooks } = await inspectTarball(path, { name, version: release.version }, archives);
    const skipped = hooks.length === 0 ? '' : `; not run: its scripts ${hooks.join(', ')}`;
    note(`${subject}: the tarball has the right hash, and its archive is in order${skipped}`);
    return path;
  };

  return {
    async answer(path: string): Promise<GateAnswer> {
      const name = decodeURIComponent(path.slice(1));
      const body = answers.get(name) ?? packument(name);
      answers.set(name, body);
      return { contentType: 'application/vnd.npm.install-v1+json', body: await body };
    },
    /** Downloads and looks through one release that was asked for. */
    async lookThrough(name: string, { version, releases }: Examined): Promise<void> {
      const release = releases.find((item) => item.version === version);
      if (release === undefined || gateManifest(name, release) === undefined) throw foreignNeeds(`${name}@${version}`);
      await fetchOnce(name, release);
    },
    /** Downloads and looks through what the lockfile names, each file once. */
    async collect(locked: readonly Locked[]): Promise<readonly ResolvedPackage[]> {
      const collected: ResolvedPackage[] = [];
      const queue = [...locked];
      const work = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const { name, version, place, integrity } = next;
          const known = shelved.get(name);
          const release = known?.releases.get(version);
          const hash = release?.files[0]?.hash;
          if (
            known === undefined ||
            release === undefined ||
            (hash !== undefined && integrity !== hash.replace(':', '-'))
          ) {
            throw new Refusal(
              'install_failed',
              `npm chose ${printable(name)}@${printable(version)}, which was not looked at`,
            );
          }
          const subject = `${name}@${version}`;
          const path = await fetchOnce(name, release);
          collected.push({
            name,
            version,
            hash: hash ?? '',
            place,
            approvalReason: known.approvalReason,
            unpack: (write) =>
              readTarball(
                path,
                subject,
                archives,
                async (target, content) => void (await write(`${place}/${target}`, content)),
              ),
          });
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, work));
      return collected;
    },
  };
}

const foreignNeeds = (subject: string): Refusal =>
  new Refusal('suspicious', `${subject} needs a package from elsewhere than the registry`);

interface Locked {
  readonly place: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string | undefined;
}

const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      link: z.boolean().optional(),
      inBundle: z.boolean().optional(),
    }),
  ),
});

/** @throws Refusal for an entry that does not come from the registry, or that belongs somewhere else */
function readLock(text: string): readonly Locked[] {
  const { packages } = Lockfile.parse(JSON.parse(text));
  return Object.entries(packages).flatMap(([place, entry]) => {
    if (place === '') return [];
    const names = place.split(/(?:^|\/)node_modules\//).slice(1);
    const name = entry.name ?? names.at(-1) ?? '';
    const ok = place.startsWith('node_modules/') && names.every((part) => isName('npm', part));
    const isForeign =
      entry.link === true || entry.inBundle === true || entry.resolved?.startsWith(`${GATE_ORIGIN}/`) !== true;
    if (!ok || isForeign || entry.version === undefined) {
      throw new Refusal('suspicious', `${printable(name)} does not come from the registry`);
    }
    return [{ place, name, version: entry.version, integrity: entry.integrity }];
  });
}

/** What npm's last words mean. */
async function npmRefusal(
  { words }: ProcessEnd,
  roots: readonly Root[],
  { checks }: NpmResolverOptions,
  signal: AbortSignal,
): Promise<Refusal> {
  const missing = /No matching version found for (\S+?)\.?$/m.exec(words)?.[1];
  const why = missing === undefined ? undefined : await whyMissing(checks, 'npm', missing, signal);
  if (why !== undefined) return why;
  const said = words.split('\n').flatMap((line) => /^npm error (?!code |A complete log)(.*)/.exec(line)?.[1] ?? []);
  const names = roots.map(({ spec }) => formatSpec(spec)).join(', ');
  return new Refusal(
    'install_failed',
    `npm found no set of packages for ${names}: ${printable(said[0] ?? words.trim())}`,
  );
}
