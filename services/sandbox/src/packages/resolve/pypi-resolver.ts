import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArchiveLimits } from '../archive/archive.ts';
import { type Attempt, downloadFile } from './attempt.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import type { Fetcher } from '../index/fetcher.ts';
import { type Gate, GATE_HOST, GATE_ORIGIN, type GateAnswer, openGate } from './gate.ts';
import type { FindPip } from './pip.ts';
import type { ReleaseFile } from '../index/project.ts';
import { type ResolvedPackage, type Resolver, type ResolverLimits, type Root, whyMissing } from './resolver.ts';
import { type ProcessEnd, runProcess } from './run-process.ts';
import { formatSpec, isName, normaliseName } from '../spec.ts';
import { printable, Refusal } from '../refusal.ts';
import { inspectWheel, readWheel } from '../archive/wheel.ts';

/** The interpreter that imports what is installed. */
export interface PythonTarget {
  /** Such as `3.11`. */
  readonly version: string;
  /** `native`: the interpreter that pip runs with. `wasm`: another one, for which there are only pure wheels. */
  readonly kind: 'native' | 'wasm';
}

export interface PypiResolverOptions {
  readonly checks: Checks;
  readonly fetcher: Fetcher;
  readonly python: string;
  readonly findPip: FindPip;
  readonly target: PythonTarget;
  readonly archives: ArchiveLimits;
  readonly limits: ResolverLimits;
}

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const PURE = /-py(?:3|2\.py3)-none-any\.whl$/;

export function createPypiResolver(options: PypiResolverOptions): Resolver {
  const { python, findPip, target, limits } = options;
  return {
    target: `${target.kind}-${target.version}`,
    async resolve(roots, attempt) {
      const shelf = createShelf(options, attempt);
      const gate = await openGate(shelf.answer);
      try {
        const pip = await findPip(attempt.signal);
        const report = join(attempt.directory, 'report.json');
        const args = [...FLAGS, ...gateArguments(gate), ...targetArguments(target, attempt), '--report', report, '--'];
        const end = await runProcess(
          [python, '-I', ...pip, 'install', ...args, ...roots.map(({ spec }) => formatSpec(spec))],
          {
            env: environment(attempt.directory),
            cwd: attempt.directory,
            timeoutMs: limits.resolveMs,
            signal: AbortSignal.any([attempt.signal, gate.refused]),
          },
        );
        // pip may have ended by itself, for what it was refused.
        gate.refused.throwIfAborted();
        if (end.exitCode !== 0) throw await pipRefusal(end, roots, options, attempt.signal);
        return readReport(await readFile(report, 'utf8'), shelf);
      } finally {
        gate.close();
      }
    },
  };
}

/** pip decides and writes a report: it installs nothing, builds nothing, and reads no configuration. */
const FLAGS = [
  ['--dry-run', '--ignore-installed', '--isolated', '--no-input', '--disable-pip-version-check', '--no-cache-dir'],
  ['--only-binary', ':all:', '--progress-bar', 'off', '--quiet', '--no-color', '--root-user-action', 'ignore'],
  // The gate fetches and looks through a whole wheel before it sends the first byte.
  ['--retries', '0', '--timeout', '170'],
].flat();

const gateArguments = ({ proxyUrl }: Gate): readonly string[] => [
  '--index-url',
  `${GATE_ORIGIN}/simple/`,
  '--trusted-host',
  GATE_HOST,
  '--proxy',
  proxyUrl,
];

function targetArguments({ kind, version }: PythonTarget, { directory }: Attempt): readonly string[] {
  if (kind === 'native') return [];
  const tags = ['--implementation', 'py', '--abi', 'none', '--platform', 'any', '--python-version', version];
  return [...tags, '--target', join(directory, 'nothing')];
}

/** No PATH: neither git nor a compiler is found, whatever a package asks for. */
const environment = (directory: string): Record<string, string> => ({
  PIP_CONFIG_FILE: '/dev/null',
  HOME: directory,
  TMPDIR: directory,
  PATH: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  PYTHONDONTWRITEBYTECODE: '1',
});

interface Shelved {
  readonly name: string;
  readonly version: string;
  readonly file: ReleaseFile;
  readonly approvalReason: string | undefined;
  /** Where the inspected wheel lies; undefined until pip asks for it. */
  wheel: Promise<string> | undefined;
}

type Shelf = ReturnType<typeof createShelf>;

/** What pip may see during one install: pages of examined packages, and wheels that were looked through. */
function createShelf({ checks, fetcher, target, archives, limits }: PypiResolverOptions, attempt: Attempt) {
  const { signal, directory, note } = attempt;
  const pages = new Map<string, Promise<string>>();
  const files = new Map<string, Shelved>();
  let wheels = 0;

  const page = async (name: string): Promise<string> => {
    if (!isName('pypi', name))
      throw new Refusal('suspicious', `A package needs "${printable(name)}", which is no name`);
    if (pages.size > limits.packages * 2) throw new Refusal('too_large', 'Too many packages are needed');
    const examined = await checks.examine({ ecosystem: 'pypi', name, extras: [], version: undefined }, signal);
    note(`${name}: passed the checks of its name and its history`);
    const offered = offeredFiles(examined, target);
    if (offered.length === 0)
      throw new Refusal('no_wheel', `${name} has only wheels with native code, which do not fit`);
    for (const shelved of offered) files.set(shelved.file.filename, shelved);
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

  const fetchWheel = async ({ name, version, file }: Shelved): Promise<string> => {
    const subject = `${name} ${version}`;
    const folder = join(directory, 'wheels');
    await mkdir(folder, { recursive: true });
    const path = join(folder, file.filename);
    await downloadFile(fetcher, file, path, { subject, limits: archives, signal });
    const { requirements } = await inspectWheel(path, subject, archives);
    const foreign = requirements.find((requirement) => requirement.split(';')[0]?.includes('@'));
    if (foreign !== undefined) {
      throw new Refusal('suspicious', `${subject} needs a package from elsewhere: "${printable(foreign)}"`);
    }
    note(`${subject}: ${file.filename} has the right hash, and its archive is in order`);
    return path;
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
      const shelved = files.get(decodeURIComponent(last));
      if (kind !== 'files' || shelved === undefined)
        throw new Refusal('install_failed', 'pip asked for an unknown file');
      if (shelved.wheel === undefined) wheels += 1;
      // pip tries one release after the other when versions do not go together.
      if (wheels > limits.packages * 2) throw new Refusal('too_large', 'Too many releases were tried');
      shelved.wheel ??= fetchWheel(shelved);
      return { contentType: 'application/octet-stream', file: await shelved.wheel };
    },
  };
}

function offeredFiles({ project, releases, approvalReason }: Examined, { kind }: PythonTarget): readonly Shelved[] {
  return releases.flatMap(({ version, files }) =>
    files
      .filter(({ filename }) => kind === 'native' || PURE.test(filename))
      .map((file): Shelved => ({ name: project.name, version, file, approvalReason, wheel: undefined })),
  );
}

const Report = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({ url: z.string() }),
    }),
  ),
});

async function readReport(text: string, { files }: Shelf): Promise<readonly ResolvedPackage[]> {
  const { install } = Report.parse(JSON.parse(text));
  return Promise.all(
    install.map(async ({ metadata, download_info: { url } }) => {
      const shelved = files.get(decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''));
      const wheel = await shelved?.wheel;
      if (shelved === undefined || wheel === undefined || normaliseName('pypi', metadata.name) !== shelved.name) {
        throw new Refusal('install_failed', `pip chose ${printable(metadata.name)}, which was not looked at`);
      }
      const { name, version, file, approvalReason } = shelved;
      return {
        name,
        version,
        hash: file.hash ?? '',
        place: '',
        approvalReason,
        unpack: (write) =>
          readWheel(wheel, `${name} ${version}`, async (path, content) => void (await write(path, content))),
      } satisfies ResolvedPackage;
    }),
  );
}

/** What pip's last words mean. */
async function pipRefusal(
  { words }: ProcessEnd,
  roots: readonly Root[],
  { checks }: PypiResolverOptions,
  signal: AbortSignal,
): Promise<Refusal> {
  const lines = words.split('\n').flatMap((line) => /ERROR: (.*)/.exec(line)?.[1] ?? []);
  const missing = /No matching distribution found for (\S+)/.exec(lines.join(' '))?.[1];
  if (missing !== undefined) {
    const message = `${printable(missing)} has no wheel for this Python, and building one would run its code`;
    return (await whyMissing(checks, 'pypi', missing, signal)) ?? new Refusal('no_wheel', message);
  }
  const said = printable(lines.at(-1) ?? words.trim().split('\n').at(-1) ?? '');
  const names = roots.map(({ spec }) => formatSpec(spec)).join(', ');
  return new Refusal('install_failed', `pip found no set of packages for ${names}: ${said}`);
}
