import { createHash, timingSafeEqual } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { InstallRequest, InstallResult } from '@toolmesh/shared/contracts/packages';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';
import { Approval } from './policy/approvals.ts';
import type { Packages } from './packages.ts';

/** The headers that carry the key of an administrator. */
interface Headers {
  get(name: 'x-admin-key' | 'authorization'): string | undefined;
}

/**
 * `POST /packages/install`, and the approvals, behind the admin key. Without such a key they are closed.
 */
export function packageRoutes(packages: Packages, adminKey: string | undefined): readonly Route[] {
  const requireAdmin = (headers: Headers): void => {
    if (adminKey === undefined || adminKey === '') {
      throw new MeshError('forbidden', 'Approvals are disabled: set SANDBOX_ADMIN_KEY to enable them');
    }
    const bearer = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    const key = headers.get('x-admin-key') ?? bearer;
    if (key === undefined) throw new MeshError('unauthorized', 'Send the admin key as x-admin-key');
    if (!isSame(key, adminKey)) throw new MeshError('forbidden', 'This is not the admin key');
  };

  return [
    defineRoute({
      method: 'post',
      path: '/packages/install',
      summary: 'Installs a package: the tool install_package with its bare result',
      input: { body: InstallRequest.strict() },
      response: InstallResult,
      handle: ({ body, signal }) => packages.install(body, signal),
    }),
    defineRoute({
      method: 'get',
      path: '/packages/approvals',
      summary: 'Approvals, pending and decided',
      response: z.object({ approvals: z.array(Approval) }),
      handle: ({ req }) => {
        requireAdmin(req);
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
      handle: ({ req, params: { id }, body: { decision } }) => {
        requireAdmin(req);
        return packages.approvals.decide(id, decision);
      },
    }),
  ];
}

/** Compares in constant time, over hashes, since both sides must have the same length. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
