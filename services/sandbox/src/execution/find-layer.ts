import type { ExecuteArguments, Language } from '@toolmesh/shared/contracts/execution';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { PackageLayer } from '../packages/package-layer.ts';
import type { Packages } from '../packages/packages.ts';
import { installsIn } from './notebook-installs.ts';

/** The longest that a program waits for what it asks pip for by itself. */
const LINES_TIMEOUT_MS = 60_000;

/** The indexes that packages come from. */
const ECOSYSTEMS: Partial<Record<Language, Ecosystem>> = { python: 'pypi', javascript: 'npm', typescript: 'npm' };

/**
 * Returns the packages that a program imports: those that the call names, else those that its own lines ask pip for, else
 * what it imports by name.
 * @throws MeshError invalid_arguments for packages of the call that are refused.
 */
export async function findLayer(
  packages: Pick<Packages, 'layerFor' | 'layerForImports'>,
  { language, packages: specs = [], code, session_id: session, files = [] }: ExecuteArguments,
  signal: AbortSignal,
): Promise<PackageLayer | undefined> {
  const ecosystem = ECOSYSTEMS[language];
  if (ecosystem === undefined) {
    if (specs.length === 0) return undefined;
    throw new MeshError('invalid_arguments', `packages: there are none for ${language}, but for Python and JavaScript`);
  }
  if (specs.length > 0) return packages.layerFor(ecosystem, specs, signal);
  const asked = language === 'python' ? installsIn(code) : [];
  const layer = asked.length === 0 ? undefined : await layerForLines(packages, asked, signal);
  return layer ?? packages.layerForImports(ecosystem, { code, session, files: files.map(({ path }) => path) }, signal);
}

/** Installs what may be; where not, the program's own line says so. */
async function layerForLines(packages: Pick<Packages, 'layerFor'>, specs: readonly string[], signal: AbortSignal) {
  try {
    return await packages.layerFor('pypi', specs, AbortSignal.any([signal, AbortSignal.timeout(LINES_TIMEOUT_MS)]));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
