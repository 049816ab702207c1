import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Check, Checks } from '@toolmesh/shared/kit/http/readiness';
import type { Defect } from '@toolmesh/shared/mcp/client/offer/defect';
import type { Catalogue } from './catalogue.ts';
import type { LeftOut } from './catalogue/claims.ts';
import { describeDefect } from './upstreams/guard/health.ts';
import type { MeshEntry } from './mesh.ts';

/** Names that the detail of a check lists. */
const MAX_LISTED = 3;

/**
 * Returns the checks of `/ready`, one for each upstream. The hub can serve without any of them: one that is down, or
 * which has parts left out, is degraded; only one that mesh.json says is required fails the check.
 */
export function checksOf(entries: readonly MeshEntry[], catalogue: Pick<Catalogue, 'leftOut'>): Checks {
  return Object.fromEntries(entries.map((entry) => [entry.upstream.name, checkOf(entry, catalogue)]));
}

function checkOf({ upstream, config }: MeshEntry, catalogue: Pick<Catalogue, 'leftOut'>): Check {
  return () => {
    const { name, status, lastError, offer } = upstream;
    const detail = `${status}: ${lastError ?? 'not tried yet'}`;
    if (status !== 'up' && config.required) throw new MeshError('unavailable', detail);
    if (status !== 'up') return { degraded: detail };
    const problems = [...describeLeftOut(name, catalogue.leftOut(name)), ...missingOf(offer.defects)];
    return problems.length === 0 ? undefined : { degraded: listed(problems) };
  };
}

/** Returns the defects that matter: mended parts work, and operations that the hub cannot call were never promised. */
const missingOf = (defects: readonly Defect[]): readonly string[] =>
  defects.filter(({ kind, action }) => action === 'left_out' && kind !== 'operation').map(describeDefect);

const describeLeftOut = (upstream: string, leftOut: readonly LeftOut[]): readonly string[] =>
  leftOut.map(
    ({ kind, name, reason }) =>
      `the ${kind} ${JSON.stringify(name.slice(0, 128))} of ${upstream} is left out: ${reason}`,
  );

function listed(problems: readonly string[]): string {
  const more = problems.length - MAX_LISTED;
  return [...problems.slice(0, MAX_LISTED), ...(more > 0 ? [`${more} more; see /stats`] : [])].join('; ');
}
