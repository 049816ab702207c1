import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';

/** Shows how full the disk under `folder` is, read at each scrape; `folder` itself may not be there yet. */
export function measureDisk(metrics: Metrics, folder: string): void {
  metrics.gauge({
    name: 'sandbox_disk_size_bytes',
    help: 'Size of the disk that holds packages',
    async collect() {
      this.set((await diskOf(folder)).sizeBytes);
    },
  });
  metrics.gauge({
    name: 'sandbox_disk_free_bytes',
    help: 'Free space of the disk that holds packages',
    async collect() {
      this.set((await diskOf(folder)).freeBytes);
    },
  });
}

/** Reads the disk; an unreadable one must not cost us all other metrics. */
async function diskOf(folder: string): Promise<{ readonly sizeBytes: number; readonly freeBytes: number }> {
  try {
    const { bsize, bavail, blocks } = await statfs(nearestExisting(folder));
    return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch {
    return { sizeBytes: Number.NaN, freeBytes: Number.NaN };
  }
}

function nearestExisting(folder: string): string {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
