import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveLimits } from '../archive/archive.ts';
import { inspectWheel } from '../archive/wheel.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { ReleaseFile } from '../index/project.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import { printable, Refusal } from '../refusal.ts';
import { isName, normaliseName } from '../spec.ts';
import { type Attempt, downloadFile } from './attempt.ts';
import { GATE_ORIGIN, type GateAnswer } from './gate.ts';
import type { PythonTarget } from './python-target.ts';
import type { ResolverLimits } from './resolver.ts';

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const PURE = /-py(?:3|2\.py3)-none-any\.whl$/;

/** A downloaded and inspected wheel. */
interface FetchedWheel {
  readonly path: string;
  /** The import names that it brings. */
  readonly modules: readonly string[];
}

/** A wheel that pip has been shown. */
interface Offered {
  readonly name: string;
  readonly version: string;
  readonly file: ReleaseFile;
  readonly approvalReason: string | undefined;
  /** The inspected wheel; undefined until pip requests it. */
  wheel: Promise<FetchedWheel> | undefined;
}

export interface PypiViewOptions {
  readonly checks: Checks;
  readonly fetcher: Fetcher;
  readonly target: PythonTarget;
  readonly archives: ArchiveLimits;
  readonly limits: ResolverLimits;
}

export type PypiView = ReturnType<typeof createPypiView>;

/** The index as pip sees it during one install: pages of examined packages, and inspected wheels. */
export function createPypiView({ checks, fetcher, target, archives, limits }: PypiViewOptions, attempt: Attempt) {
  const { signal, directory, note } = attempt;
  const pages = new Map<string, Promise<string>>();
  const files = new Map<string, Offered>();
  let wheels = 0;

  const page = async (name: string): Promise<string> => {
    if (!isName('pypi', name))
      throw new Refusal('suspicious', `A package needs "${printable(name)}", which is not a valid name`);
    if (pages.size > limits.packages * 2) throw new Refusal('too_large', 'Too many packages are needed');
    const examined = await checks.examine({ ecosystem: 'pypi', name, extras: [], version: undefined }, signal);
    note(`${name}: passed the checks of its name and its history`);
    const offered = offeredFiles(examined, target);
    if (offered.length === 0)
      throw new Refusal('no_wheel', `${name} has only wheels with native code, which do not fit`);
    for (const wanted of offered) files.set(wanted.file.filename, wanted);
    return JSON.stringify({
      meta: { 'api-version': '1.0' },
      name,
      files: offered.map(({ file: { filename, hash = '' } }) => ({
        filename,
        url: `${GATE_ORIGIN}/files/${encodeURIComponent(filename)}`,
        hashes: { sha256: hash.replace('sha256:', '') },
      })),
    });
  };

  const fetchWheel = async ({ name, version, file }: Offered): Promise<FetchedWheel> => {
    const subject = `${name} ${version}`;
    const folder = join(directory, 'wheels');
    await mkdir(folder, { recursive: true });
    const path = join(folder, file.filename);
    await downloadFile(fetcher, file, { path, subject, limits: archives, signal });
    const { requirements, modules, standsFor } = await inspectWheel(path, { name, version }, archives);
    checks.refuseForeignModules({ name, version, modules, standsFor });
    const foreign = requirements.find((requirement) => requirement.split(';')[0]?.includes('@'));
    if (foreign !== undefined) {
      throw new Refusal('suspicious', `${subject} needs a package from elsewhere: "${printable(foreign)}"`);
    }
    note(`${subject}: ${file.filename} has the right hash, and its archive is in order`);
    return { path, modules };
  };

  return {
    files,
    async answer(path: string): Promise<GateAnswer> {
      const [, kind, last = ''] = path.split('/');
      if (kind === 'simple') {
        const name = normaliseName('pypi', decodeURIComponent(last));
        const body = pages.get(name) ?? page(name);
        pages.set(name, body);
        return { contentType: JSON_TYPE, body: await body };
      }
      const wanted = files.get(decodeURIComponent(last));
      if (kind !== 'files' || wanted === undefined)
        throw new Refusal('install_failed', 'pip asked for an unknown file');
      if (wanted.wheel === undefined) wheels += 1;
      // pip tries one release after the other when versions do not go together.
      if (wheels > limits.packages * 2) throw new Refusal('too_large', 'Too many releases were tried');
      wanted.wheel ??= fetchWheel(wanted);
      return { contentType: 'application/octet-stream', file: (await wanted.wheel).path };
    },
  };
}

function offeredFiles({ project, releases, approvalReason }: Examined, { kind }: PythonTarget): readonly Offered[] {
  return releases.flatMap(({ version, files }) =>
    files
      .filter(({ filename }) => kind === 'native' || PURE.test(filename))
      .map((file): Offered => ({ name: project.name, version, file, approvalReason, wheel: undefined })),
  );
}
