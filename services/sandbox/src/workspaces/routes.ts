import type { SandboxSession, Snapshot } from '@toolmesh/shared/contracts/sandbox-sessions';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Route } from '@toolmesh/shared/kit/http/route';
import { sandboxSessionRoutes } from '@toolmesh/shared/kit/http/session-routes';
import type { Sessions } from '../execution/sessions.ts';
import type { SnapshotInfo, WorkspaceStore } from './workspace-store.ts';

/** The sessions of callers that know their ids: describe, end, snapshots of their files. */
export function workspaceRoutes(sessions: Sessions, workspaces: WorkspaceStore): readonly Route[] {
  const describe = (id: string): SandboxSession => {
    const open = sessions.find(id);
    const info = workspaces.describe(id);
    if (open === undefined && info === undefined) throw new MeshError('not_found', `There is no session "${id}"`);
    return {
      session_id: id,
      status: open?.status ?? 'stored',
      files: info?.files ?? 0,
      size_bytes: info?.bytes ?? 0,
      last_used_at: info === undefined ? null : new Date(info.usedMs).toISOString(),
    };
  };
  return sandboxSessionRoutes({
    describe: ({ params }) => describe(params.id),
    end: async ({ params: { id } }) => {
      const wasOpen = sessions.end(id);
      const hadFiles = await workspaces.remove(id);
      if (!wasOpen && !hadFiles) throw new MeshError('not_found', `There is no session "${id}"`);
      return { session_id: id, status: 'ended' };
    },
    snapshot: async ({ params: { id } }) => toSnapshot(id, await workspaces.snapshot(id)),
    snapshots: ({ params: { id } }) => ({ snapshots: workspaces.snapshots(id).map((info) => toSnapshot(id, info)) }),
    restore: async ({ params: { id }, query: { snapshot } }) => {
      if (sessions.find(id)?.status === 'running') {
        throw new MeshError('invalid_request', 'A program of the session runs; restore its files when it has ended');
      }
      await workspaces.restore(snapshot, id);
      // Its worker has the files of before.
      sessions.end(id);
      return describe(id);
    },
    removeSnapshot: async ({ params: { id } }) => {
      await workspaces.removeSnapshot(id);
      return { snapshot_id: id, status: 'deleted' };
    },
  });
}

const toSnapshot = (session: string, { id, files, bytes, createdMs }: SnapshotInfo): Snapshot => ({
  snapshot_id: id,
  session_id: session,
  files,
  size_bytes: bytes,
  created_at: new Date(createdMs).toISOString(),
});
