import type { InstallResult } from '@toolmesh/shared/contracts/packages';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { Packages } from '../packages/packages.ts';
import type { Eviction } from '../packages/store/choose-evictions.ts';

/** Counts installs (contract, section 7). */
export function countInstalls(metrics: Metrics): (status: InstallResult['status']) => void {
  const installs = metrics.counter({
    name: 'sandbox_package_installs_total',
    help: 'Requested packages, by the result',
    labelNames: ['status'],
  });
  return (status) => installs.inc({ status });
}

/** Shows how much is known of malicious packages, and since when (contract, section 7). */
export function measureMalicious(metrics: Metrics, { malicious }: Pick<Packages, 'malicious'>): void {
  metrics.gauge({
    name: 'sandbox_malicious_list_packages',
    help: 'Packages that are known as malicious',
    collect() {
      this.set(malicious().names);
    },
  });
  metrics.gauge({
    name: 'sandbox_malicious_list_updated_seconds',
    help: 'Time of the list of malicious packages, in seconds since 1970',
    collect() {
      this.set(malicious().updatedAt.getTime() / 1_000);
    },
  });
}

/** Describes the checks of packages for `/health`. */
export function describePackages({ malicious }: Pick<Packages, 'malicious'>) {
  const { names, updatedAt } = malicious();
  return { malicious: { names, updated_at: updatedAt.toISOString() } };
}

/** Shows how many sets of packages are kept, and their size (contract, section 7). */
export function measureLayers(metrics: Metrics, { usage }: Pick<Packages, 'usage'>): void {
  metrics.gauge({
    name: 'sandbox_layers',
    help: 'Sets of installed packages',
    async collect() {
      this.set((await usage()).layers);
    },
  });
  metrics.gauge({
    name: 'sandbox_layers_bytes',
    help: 'Size of all sets of installed packages, in bytes',
    async collect() {
      this.set((await usage()).bytes);
    },
  });
}

/** Counts the sets of packages that are removed (contract, section 7). */
export function countLayerEvictions(metrics: Metrics): (reason: Eviction['reason']) => void {
  const evictions = metrics.counter({
    name: 'sandbox_layers_evicted_total',
    help: 'Sets of installed packages that were removed, by reason: age, size',
    labelNames: ['reason'],
  });
  return (reason) => evictions.inc({ reason });
}
