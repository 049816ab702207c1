import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { InstallJob, InstallRequest, InstallResult } from '@toolmesh/shared/contracts/packages';
import { bearerOf, keyTest } from '@toolmesh/shared/kit/http/access/keys';
import type { WrongKeys } from '@toolmesh/shared/kit/http/access/wrong-keys';
import { defineRoute, type Route, type RouteCall } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';
import { Approval } from './policy/approvals.ts';
import type { Packages } from './packages.ts';

/**
 * `POST /packages/install`, and the approvals, behind the admin key. Without such a key they are closed. `wrongKeys`
 * slows down who guesses it.
 */
export function packageRoutes(
  packages: Packages,
  adminKey: string | undefined,
  wrongKeys?: WrongKeys,
): readonly Route[] {
  const isAdminKey = adminKey === undefined || adminKey === '' ? undefined : keyTest(adminKey);
  const requireAdmin = async ({ req }: Pick<RouteCall<{}>, 'req'>): Promise<void> => {
    if (isAdminKey === undefined) {
      throw new MeshError('forbidden', 'Approvals are disabled: set SANDBOX_ADMIN_KEY to enable them');
    }
    const key = req.get('x-admin-key') ?? bearerOf(req.get('authorization'));
    if (isAdminKey(key)) return;
    if (key === undefined) {
      wrongKeys?.noteMissing('admin');
      throw new MeshError('unauthorized', 'Send the admin key as x-admin-key');
    }
    await wrongKeys?.punish('admin', req.socket.remoteAddress);
    throw new MeshError('forbidden', 'This is not the admin key');
  };

  return [
    ...installRoutes(packages),
    defineRoute({
      method: 'get',
      path: '/packages/approvals',
      summary: 'Approvals, pending and decided',
      response: z.object({ approvals: z.array(Approval) }),
      handle: async (call) => {
        await requireAdmin(call);
        return { approvals: packages.approvals.list() };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/packages/approvals/:id',
      summary: 'Approves or denies a package',
      input: {
        params: z.object({ id: z.string().max(64) }),
        body: z.strictObject({ decision: z.enum(['approve', 'deny']) }),
      },
      response: Approval,
      handle: async ({ req, params: { id }, body: { decision } }) => {
        await requireAdmin({ req });
        return packages.approvals.decide(id, decision);
      },
    }),
  ];
}

const installRoutes = (packages: Packages): readonly Route[] => [
  defineRoute({
    method: 'post',
    path: '/packages/install',
    summary: 'Installs a package: the tool install_package with its bare result',
    input: { body: InstallRequest.strict() },
    response: InstallResult,
    handle: ({ body, signal }) => packages.install(body, signal),
  }),
  defineRoute({
    method: 'post',
    path: '/packages/installs',
    summary: 'Begins an install that goes on by itself',
    input: { body: InstallRequest.strict() },
    response: InstallJob,
    handle: ({ body }) => packages.jobs.start(body),
  }),
  defineRoute({
    method: 'get',
    path: '/packages/installs/:id',
    summary: 'An install as it stands',
    input: { params: z.object({ id: z.string().max(64) }) },
    response: InstallJob,
    handle: ({ params: { id } }) => packages.jobs.find(id),
  }),
];
