import { readFile } from 'node:fs/promises';
import { makeMetadataWheel } from '../archive/make-wheel.ts';
import { readMetadata } from '../archive/wheel-metadata.ts';
import type { ReleaseFile } from '../index/project.ts';
import { PYODIDE_WHEEL } from '../index/pyodide-distribution.ts';
import type { ProvidedPackage } from '../package-layer.ts';
import type { Checks, Examined } from '../policy/checks.ts';
import type { GpuParts } from '../policy/policy.ts';
import { printable, Refusal } from '../refusal.ts';
import { isName, normaliseName } from '../spec.ts';
import type { Attempt } from './attempt.ts';
import { GATE_ORIGIN, type GateAnswer } from './gate.ts';
import { withoutGpuParts } from './gpu-parts.ts';
import type { PythonTarget } from './python-target.ts';
import type { ResolverLimits } from './resolver.ts';
import type { WheelSource } from './wheel-source.ts';

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const PURE = /-py(?:3|2\.py3)-none-any\.whl$/;

/** A wheel that pip has been shown: one of the index, or of the base layer, which needs no install. */
export type Offered = {
  readonly name: string;
  readonly version: string;
  /** The metadata that pip reads; undefined until pip requests it. */
  stub: Promise<Buffer> | undefined;
} & (
  | { readonly kind: 'provided'; readonly metadata: string }
  | { readonly kind: 'index'; readonly file: ReleaseFile; readonly approvalReason: string | undefined }
);

export interface PypiViewOptions {
  readonly checks: Checks;
  readonly target: PythonTarget;
  readonly limits: ResolverLimits;
  readonly gpu: GpuParts;
}

export interface PypiViewParts {
  readonly source: WheelSource;
  /** Packages that every program has: of these there is no other version. */
  readonly provided: readonly ProvidedPackage[];
}

export type PypiView = ReturnType<typeof createPypiView>;

/** The index as pip sees it during one install: pages of examined packages, and wheels that hold their metadata alone. */
export function createPypiView(options: PypiViewOptions, { source, provided }: PypiViewParts, attempt: Attempt) {
  const { checks, target, limits, gpu } = options;
  const { signal, note } = attempt;
  const pages = new Map<string, Promise<string>>();
  const files = new Map<string, Offered>();
  let stubs = 0;

  const page = async (name: string): Promise<string> => {
    if (!isName('pypi', name))
      throw new Refusal('suspicious', `A package needs "${printable(name)}", which is not a valid name`);
    if (pages.size > limits.packages * 2) throw new Refusal('too_large', 'Too many packages are needed');
    const given = provided.find((item) => item.name === name);
    if (given !== undefined) {
      const filename = `${name.replaceAll('-', '_')}-${given.version}-py3-none-any.whl`;
      files.set(filename, { kind: 'provided', ...given, stub: undefined });
      note(`${name}: every program has ${given.version}`);
      return toPage(name, [{ filename }]);
    }
    const spec = { ecosystem: 'pypi', name, extras: [], version: undefined } as const;
    const examined = await checks.examine(spec, signal);
    note(`${name}: passed the checks of its name and its history`);
    const offered = offeredFiles(examined, target);
    if (offered.length === 0)
      throw new Refusal('no_wheel', `${name} has only wheels with native code, which do not fit${wayOut(target)}`);
    for (const wanted of offered) files.set(wanted.file.filename, wanted);
    return toPage(
      name,
      offered.map(({ file }) => file),
    );
  };

  const pageOnce = (name: string): Promise<string> => {
    const body = pages.get(name) ?? page(name);
    pages.set(name, body);
    // One that pip never asks for may fail.
    body.catch(() => {});
    return body;
  };

  const stubParts = { source, gpu, note, expect: (name: string) => void pageOnce(name) };
  return {
    files,
    async answer(path: string): Promise<GateAnswer> {
      const [, kind, last = ''] = path.split('/');
      if (kind === 'simple') {
        return { contentType: JSON_TYPE, body: await pageOnce(normaliseName('pypi', decodeURIComponent(last))) };
      }
      const filename = decodeURIComponent(last);
      const wanted = files.get(filename);
      if (kind !== 'files' || wanted === undefined)
        throw new Refusal('install_failed', 'pip asked for an unknown file');
      if (wanted.stub === undefined) stubs += 1;
      // pip tries one release after the other when versions do not go together.
      if (stubs > limits.packages * 4) throw new Refusal('too_large', 'Too many releases were tried');
      wanted.stub ??= makeStub(filename, wanted, stubParts);
      return { contentType: 'application/octet-stream', body: await wanted.stub };
    },
  };
}

interface StubParts {
  readonly source: WheelSource;
  readonly gpu: GpuParts;
  note(line: string): void;
  /** Prepares the page of a package that pip asks for soon: it asks for one after the other. */
  expect(name: string): void;
}

/** Makes what pip reads of a wheel: its metadata alone. */
async function makeStub(filename: string, offered: Offered, { source, gpu, note, expect }: StubParts): Promise<Buffer> {
  const { name, version } = offered;
  const full = offered.kind === 'provided' ? await readFile(offered.metadata, 'utf8') : await source.metadata(offered);
  const { metadata, leftOut } = withoutGpuParts(full, gpu);
  if (leftOut.length > 0) note(`${name} ${version}: its parts for GPUs are left out (${leftOut.join(', ')})`);
  likelyNeeds(readMetadata({ name, version }, metadata).requirements).forEach(expect);
  return makeMetadataWheel(filename, metadata);
}

/** Leaves the index's hash out, since what pip gets is made here. */
const toPage = (name: string, files: readonly Pick<ReleaseFile, 'filename' | 'requiresPython'>[]): string =>
  JSON.stringify({
    meta: { 'api-version': '1.0' },
    name,
    files: files.map(({ filename, requiresPython }) => ({
      filename,
      url: `${GATE_ORIGIN}/files/${encodeURIComponent(filename)}`,
      hashes: {},
      ...(requiresPython === undefined ? {} : { 'requires-python': requiresPython }),
    })),
  });

const MAX_PREFETCHED = 40;

/** Returns the names of requirements without a condition. */
const likelyNeeds = (requirements: readonly string[]): readonly string[] =>
  requirements
    .filter((requirement) => !requirement.includes(';'))
    .flatMap((requirement) => /^[A-Za-z0-9][\w.-]*/.exec(requirement)?.[0] ?? [])
    .map((name) => normaliseName('pypi', name))
    .filter((name) => isName('pypi', name))
    .slice(0, MAX_PREFETCHED);

const wayOut = ({ kind }: PythonTarget): string =>
  kind === 'wasm'
    ? ': Python runs as WebAssembly here. Where bubblewrap and python3 are installed, they can be used'
    : '';

type IndexOffer = Extract<Offered, { readonly kind: 'index' }>;

function offeredFiles({ project, releases, approvalReason }: Examined, { kind }: PythonTarget): readonly IndexOffer[] {
  return releases.flatMap(({ version, files }) =>
    files
      .filter(({ filename }) => kind === 'native' || PURE.test(filename) || PYODIDE_WHEEL.test(filename))
      .map((file): IndexOffer => ({
        kind: 'index',
        name: project.name,
        version,
        file,
        approvalReason,
        stub: undefined,
      })),
  );
}
