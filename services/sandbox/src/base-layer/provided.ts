import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { baseLayerPackages } from '../runtimes/python-namespaces/base-layer.ts';
import type { BaseLayer } from './base-layer.ts';

type Packages = Awaited<ReturnType<typeof baseLayerPackages>>;

/** Returns what lists the packages of the base layer that programs have by now. */
export async function providedBy(
  layer: Pick<BaseLayer, 'folders' | 'onSet'>,
  logger: Pick<Logger, 'warn'>,
): Promise<() => Packages> {
  // A set never changes: each is read once.
  const byFolder = new Map<string, Packages>();
  let current: Packages = [];
  const read = async (): Promise<void> => {
    for (const folder of layer.folders()) {
      if (!byFolder.has(folder)) byFolder.set(folder, await baseLayerPackages(folder));
    }
    current = [...byFolder.values()].flat();
  };
  await read();
  layer.onSet(() => {
    read().catch((error: unknown) => logger.warn({ err: error }, 'a set of libraries cannot be listed'));
  });
  return () => current;
}
