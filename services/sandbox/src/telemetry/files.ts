import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { FileStore } from '../files/file-store.ts';
import type { WorkspaceStore } from '../workspaces/workspace-store.ts';

/** Shows how many files are kept, and the room that they take (contract, section 7). */
export function measureFiles(metrics: Metrics, { stats }: Pick<FileStore, 'stats'>): void {
  metrics.gauge({
    name: 'sandbox_files',
    help: 'Kept files: uploads, and results of programs',
    collect() {
      this.set(stats().count);
    },
  });
  metrics.gauge({
    name: 'sandbox_files_bytes',
    help: 'Room that kept files take, in bytes',
    collect() {
      this.set(stats().bytes);
    },
  });
}

/** Counts the files that are removed before somebody deletes them (contract, section 7). */
export function countFileEvictions(metrics: Metrics): (reason: 'age' | 'size') => void {
  const evictions = metrics.counter({
    name: 'sandbox_files_evicted_total',
    help: 'Kept files that were removed, by reason: age, size',
    labelNames: ['reason'],
  });
  return (reason) => evictions.inc({ reason });
}

/** Shows how many sessions have files that are kept, snapshots included, and the room that they take (contract, section 7). */
export function measureWorkspaces(metrics: Metrics, { stats }: Pick<WorkspaceStore, 'stats'>): void {
  metrics.gauge({
    name: 'sandbox_workspaces',
    help: 'Sessions whose files are kept, and snapshots',
    collect() {
      this.set(stats().count);
    },
  });
  metrics.gauge({
    name: 'sandbox_workspaces_bytes',
    help: 'Room that the files of sessions and their snapshots take, in bytes',
    collect() {
      this.set(stats().bytes);
    },
  });
}
