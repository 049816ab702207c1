import type { InstalledPackage } from '@toolmesh/shared/contracts/packages';
import type { LayerRecord } from './layer-store.ts';

/** Lists every package of every layer, once per version and with the date of the first layer that has it. */
export function listPackages(records: readonly LayerRecord[]): InstalledPackage[] {
  const all = records
    .toSorted((a, b) => (a.installed_at < b.installed_at ? -1 : 1))
    .flatMap(({ ecosystem, installed_at, packages }) =>
      packages.map(({ name, version, size_bytes }) => ({ name, version, ecosystem, size_bytes, installed_at })),
    );
  return [...Map.groupBy(all, (item) => `${item.ecosystem} ${item.name} ${item.version}`).values()].flatMap(
    ([first]) => first ?? [],
  );
}
