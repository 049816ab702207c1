import { SandboxSessionId } from '../../contracts/files.ts';
import { SandboxSession, Snapshot, SnapshotId, SnapshotList } from '../../contracts/sandbox-sessions.ts';
import { z } from 'zod';
import type { Relay } from './relay-requests.ts';
import { defineRoute, type Route, type RouteCall } from './route.ts';

const Params = z.object({ id: SandboxSessionId });
const RestoreQuery = z.object({ snapshot: SnapshotId });
const SnapshotParams = z.object({ id: SnapshotId });

type Answer<Body> = Promise<Body | undefined> | Body | undefined;
export type SessionRouteCall = RouteCall<{ params: typeof Params }>;

/** The ways to handle sessions of `execute_code`: those of the sandbox, or of a service that passes on. */
export interface SessionHandlers {
  describe(call: SessionRouteCall): Answer<SandboxSession>;
  end(call: SessionRouteCall): Answer<object>;
  snapshot(call: SessionRouteCall): Answer<Snapshot>;
  snapshots(call: SessionRouteCall): Answer<SnapshotList>;
  restore(call: RouteCall<{ params: typeof Params; query: typeof RestoreQuery }>): Answer<SandboxSession>;
  removeSnapshot(call: RouteCall<{ params: typeof SnapshotParams }>): Answer<object>;
}

/** Returns the routes of sessions of `execute_code`, for callers that know their ids. */
export const sandboxSessionRoutes = (handlers: SessionHandlers): readonly Route[] => [
  defineRoute({
    method: 'get',
    path: '/sessions/:id',
    summary: 'Describes a session of execute_code, or the files that are kept of it',
    input: { params: Params },
    response: SandboxSession,
    handle: handlers.describe,
  }),
  defineRoute({
    method: 'delete',
    path: '/sessions/:id',
    summary: 'Ends a session of execute_code, and what it runs; its files are removed',
    input: { params: Params },
    handle: handlers.end,
  }),
  defineRoute({
    method: 'post',
    path: '/sessions/:id/snapshots',
    summary: 'Keeps the present files of a session as a snapshot',
    input: { params: Params },
    response: Snapshot,
    handle: handlers.snapshot,
  }),
  defineRoute({
    method: 'get',
    path: '/sessions/:id/snapshots',
    summary: 'Lists the snapshots of a session, the longest unused first',
    input: { params: Params },
    response: SnapshotList,
    handle: handlers.snapshots,
  }),
  defineRoute({
    method: 'post',
    path: '/sessions/:id/restore',
    summary: 'Gives a session, which may be another one, the files of a snapshot: ?snapshot=',
    input: { params: Params, query: RestoreQuery },
    response: SandboxSession,
    handle: handlers.restore,
  }),
  defineRoute({
    method: 'delete',
    path: '/snapshots/:id',
    summary: 'Deletes a snapshot',
    input: { params: SnapshotParams },
    handle: handlers.removeSnapshot,
  }),
];

/** Returns the routes of sessions for a service that passes them on. */
export const relayedSessions = ({ pass }: Relay): readonly Route[] =>
  sandboxSessionRoutes({
    describe: pass,
    end: pass,
    snapshot: pass,
    snapshots: pass,
    restore: pass,
    removeSnapshot: pass,
  });
