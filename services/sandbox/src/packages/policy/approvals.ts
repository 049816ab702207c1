import { randomUUID } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { readJson, writeJson } from '../json-file.ts';
import { sameVersion } from '../versions.ts';

/** A package that needs a person's decision. */
export const Approval = z.object({
  id: z.string(),
  name: z.string(),
  ecosystem: Ecosystem,
  version: z.string().optional().describe('Absent in old denials alone, which hold for every version'),
  requested_at: z.string(),
  reason: z.string(),
  status: z.enum(['pending', 'approved', 'denied']),
  decided_at: z.string().optional(),
});
export type Approval = z.output<typeof Approval>;
export type Decision = 'approve' | 'deny';

export interface Approvals {
  /** Newest first. */
  list(): readonly Approval[];
  /**
   * The decision that holds for a version of a package. Without a version: `denied` where that holds for all of them,
   * `approved` where one version is.
   */
  statusOf(subject: ApprovalSubject): Approval['status'] | undefined;
  /**
   * Asks for a decision on one version, once: a second request finds the first one. The oldest request that nobody has
   * decided on makes room for a new one.
   * @throws MeshError unavailable when there is no room
   */
  request(subject: ApprovalSubject & { readonly version: string }, reason: string): Promise<Approval>;
  /** Decides, or decides anew. @throws MeshError not_found */
  decide(id: string, decision: Decision): Promise<Approval>;
}

export type ApprovalSubject = Pick<Approval, 'name' | 'ecosystem'> & { readonly version: string | undefined };

const MAX_APPROVALS = 1_000;

/** The decisions on packages, kept in `file` so that they outlive the service. */
export async function createApprovals(file: string, now: () => Date): Promise<Approvals> {
  let all: readonly Approval[] = ((await readJson(file, z.array(Approval))) ?? []).filter(isStillValid);
  let saving = Promise.resolve();

  /** Writes one change after the other; a caller gets its answer once it is written. */
  const save = (next: readonly Approval[]): Promise<void> => {
    all = next;
    saving = saving.catch(() => {}).then(() => writeJson(file, all));
    return saving;
  };
  const about = ({ name, ecosystem }: Pick<ApprovalSubject, 'name' | 'ecosystem'>) =>
    all.filter((approval) => approval.name === name && approval.ecosystem === ecosystem);

  return {
    list: () => all,
    statusOf({ version, ...subject }) {
      const known = about(subject);
      if (known.some((approval) => approval.version === undefined && approval.status === 'denied')) return 'denied';
      if (version === undefined) return known.some(({ status }) => status === 'approved') ? 'approved' : undefined;
      return known.find((approval) => isOf(approval, version))?.status;
    },
    async request({ version, ...subject }, reason) {
      const known = about(subject).find((approval) => isOf(approval, version));
      if (known !== undefined) return known;
      const kept = all.length < MAX_APPROVALS ? all : withoutOldestPending(all);
      if (kept.length >= MAX_APPROVALS) throw new MeshError('unavailable', 'Too many packages have been decided on');
      const approval: Approval = {
        id: randomUUID(),
        ...subject,
        version,
        requested_at: now().toISOString(),
        reason,
        status: 'pending',
      };
      await save([approval, ...kept]);
      return approval;
    },
    async decide(id, decision) {
      const known = all.find((approval) => approval.id === id);
      if (known === undefined) throw new MeshError('not_found', `There is no approval "${id.slice(0, 64)}"`);
      const status = decision === 'approve' ? 'approved' : 'denied';
      const decided: Approval = { ...known, status, decided_at: now().toISOString() };
      await save(all.map((approval) => (approval.id === id ? decided : approval)));
      return decided;
    },
  };
}

const isOf = (approval: Approval, version: string): boolean =>
  approval.version !== undefined && sameVersion(approval.ecosystem, approval.version, version);

/** An approval that was given for all versions, before they were given for one, is requested again; a denial holds. */
const isStillValid = ({ version, status }: Approval): boolean => version !== undefined || status === 'denied';

/** `all` has the newest first. */
function withoutOldestPending(all: readonly Approval[]): readonly Approval[] {
  const oldest = all.findLast(({ status }) => status === 'pending');
  return all.filter((approval) => approval !== oldest);
}
