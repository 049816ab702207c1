import type { PackageRequest, Verdict } from '@toolmesh/shared/contracts/packages';
import { printable, Refusal } from '../refusal.ts';
import { type PackageSpec, parseRequest } from '../spec.ts';
import type { Checks } from './checks.ts';

/**
 * Returns the verdict of the checks without installing or requesting anything: the first install requests the approval.
 * Never rejects for what the package or the index does.
 */
export async function checkPackage(checks: Checks, request: PackageRequest, signal: AbortSignal): Promise<Verdict> {
  const { name, version, ecosystem } = request;
  try {
    const asked = parseRequest(request);
    const spec = checks.meantBy(asked);
    checks.checkLocally(spec);
    refuseUnapproved(checks, spec, checks.policyReason(spec));
    const examined = await checks.examine(spec, signal);
    const release = { ...spec, version: examined.version };
    checks.checkLocally(release);
    refuseUnapproved(checks, release, examined.approvalReason);
    return { status: 'allowed', name: spec.name, version: examined.version, ecosystem, ...requestedName(asked, spec) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const asked = { name: printable(name), version: version === undefined ? null : printable(version), ecosystem };
    return { status: error.status, ...asked, reason: error.reason };
  }
}

/** Tells that another package is meant than the one that was named. */
export const requestedName = (asked: PackageSpec, spec: PackageSpec): { readonly requested?: string } =>
  asked.name === spec.name ? {} : { requested: asked.name };

function refuseUnapproved(checks: Checks, spec: PackageSpec, reason: string | undefined): void {
  if (reason === undefined || checks.isApproved(spec)) return;
  throw new Refusal('suspicious', reason, { status: 'approval_required' });
}
