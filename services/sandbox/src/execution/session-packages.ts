import type { ExecuteArguments } from '@toolmesh/shared/contracts/execution';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { NamedVersion, PackageLayer } from '../packages/package-layer.ts';
import type { Packages } from '../packages/packages.ts';
import type { PackageView } from '../packages/store/views.ts';

export interface ShownPackages {
  readonly view: PackageView;
  readonly layer: PackageLayer;
  readonly program: Pick<ExecuteArguments, 'language'>;
}

/**
 * Puts the packages of a call where the running worker of its session imports them. Where they need another version of what
 * is there already, others are looked for that go with it.
 * @throws MeshError invalid_arguments where none do
 */
export async function showPackages(
  packages: Pick<Packages, 'layerFor'>,
  { view, layer, program }: ShownPackages,
  signal: AbortSignal,
): Promise<void> {
  const there = view.conflicts(layer);
  if (there.length === 0) return view.show(layer);
  const names = new Set(there.map(({ name }) => name));
  const others = layer.top.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  const ecosystem = program.language === 'python' ? 'pypi' : 'npm';
  const pinned = there.map(({ name, version }) => `${name}==${version}`);
  try {
    return await view.show(await packages.layerFor(ecosystem, [...others, ...pinned].slice(0, MAX_SPECS), signal));
  } catch (error) {
    if (!(error instanceof MeshError) || error.code !== 'invalid_arguments') throw error;
    // The first reason is the caller's: which package is in the way.
    return view.show(layer);
  }
}

const MAX_SPECS = 100;

/**
 * Returns the packages that a worker has, and those of the base layer that the call has named. Without a view they are those
 * that its session began with.
 */
export function packagesOf(
  view: PackageView | undefined,
  layer: PackageLayer | undefined,
  installed: readonly NamedVersion[] = layer?.packages ?? [],
): readonly NamedVersion[] {
  if (view === undefined) return installed;
  const there = view.packages();
  const names = new Set(there.map(({ name }) => name));
  return [...(layer?.packages ?? []).filter(({ name }) => !names.has(name)), ...there];
}
