import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { PackageIndex, Project, ReleaseFile } from './project.ts';
import { normaliseName } from '../spec.ts';

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string(),
      version: z.string(),
      file_name: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      package_type: z.string(),
    }),
  ),
});

/** Platform of the pinned Pyodide, of which PyPI has wheels, too (PEP 783). */
export const PYODIDE_PLATFORM = 'pyemscripten_2026_0_wasm32';
export const PYODIDE_WHEEL = new RegExp(`-cp3\\d+-(?:cp3\\d+|abi3)-${PYODIDE_PLATFORM}\\.whl$`);

/** Whoever pinned Pyodide has chosen these files: they are not younger than that. */
const SETTLED = new Date(0);

/** A wheel of the distribution, and the release that it is of. */
type PyodideFile = ReleaseFile & { readonly version: string };

const partOfPyodide = (name: string): string =>
  readFileSync(fileURLToPath(import.meta.resolve(`pyodide/${name}`)), 'utf8');

/** Returns the address of the packages of the pinned Pyodide, as its own loader has it. */
function officialUrl(): string {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(partOfPyodide('package.json')));
  return `https://cdn.jsdelivr.net/pyodide/v${version}/full/`;
}

/** Reads the wheels with native code that Pyodide's own distribution has, by the normalised name of their package. */
export function readPyodideLock(text: string, url = officialUrl()): ReadonlyMap<string, PyodideFile> {
  const base = url.endsWith('/') ? url : `${url}/`;
  return new Map(
    Object.values(Lock.parse(JSON.parse(text)).packages)
      .filter(({ file_name, package_type }) => package_type === 'package' && PYODIDE_WHEEL.test(file_name))
      .map(({ name, version, file_name, sha256 }) => [
        normaliseName('pypi', name),
        {
          version,
          filename: file_name,
          url: new URL(file_name, base).href,
          hash: `sha256:${sha256}`,
          sizeBytes: undefined,
          publishedAt: SETTLED,
        },
      ]),
  );
}

/** Reads the lock that comes with the pinned Pyodide. */
export const pyodideLockText = (): string => partOfPyodide('pyodide-lock.json');

/**
 * An index that has the wheels of Pyodide's distribution beside its own: the same releases, whose source is the same, built
 * for WebAssembly and pinned by hash. The index still says what it knows of the package.
 */
export function withPyodide(index: PackageIndex, files: ReturnType<typeof readPyodideLock>): PackageIndex {
  return {
    async project(name, signal) {
      const project = await index.project(name, signal);
      const file = files.get(name);
      return file === undefined ? project : withFile(project, file);
    },
  };
}

function withFile(project: Project, { version, ...file }: PyodideFile): Project {
  const known = project.releases.find((release) => release.version === version);
  const release = known ?? { version, publishedAt: SETTLED, isYanked: false, files: [] };
  if (release.files.some(({ filename }) => filename === file.filename)) return project;
  const others = project.releases.filter((other) => other !== known);
  return { ...project, releases: [...others, { ...release, isYanked: false, files: [...release.files, file] }] };
}
