import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Check, Checks } from '@toolmesh/shared/kit/http/readiness';
import type { Catalogue } from './catalogue.ts';
import type { LeftOut } from './catalogue/claims.ts';
import type { MeshEntry } from './mesh.ts';

/** Names that the detail of a check lists. */
const MAX_LISTED = 3;

/**
 * Returns the checks of `/ready`, one for each upstream. The hub can serve without any of them: one that is down, or
 * whose names belong to another, is degraded; only one that mesh.json says is required fails the check.
 */
export function checksOf(entries: readonly MeshEntry[], catalogue: Pick<Catalogue, 'leftOut'>): Checks {
  return Object.fromEntries(entries.map((entry) => [entry.upstream.name, checkOf(entry, catalogue)]));
}

function checkOf({ upstream, config }: MeshEntry, catalogue: Pick<Catalogue, 'leftOut'>): Check {
  return () => {
    const { name, status, lastError } = upstream;
    const detail = `${status}: ${lastError ?? 'not tried yet'}`;
    if (status !== 'up' && config.required) throw new MeshError('unavailable', detail);
    if (status !== 'up') return { degraded: detail };
    const leftOut = catalogue.leftOut(name);
    return leftOut.length === 0 ? undefined : { degraded: describeLeftOut(name, leftOut) };
  };
}

function describeLeftOut(upstream: string, leftOut: readonly LeftOut[]): string {
  const listed = leftOut
    .slice(0, MAX_LISTED)
    .map(
      ({ kind, name, reason }) =>
        `the ${kind} ${JSON.stringify(name.slice(0, 128))} of ${upstream} is left out: ${reason}`,
    );
  const more = leftOut.length - listed.length;
  return [...listed, ...(more > 0 ? [`${more} more; see /stats`] : [])].join('; ');
}
