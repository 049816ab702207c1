import { randomUUID } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { readJson, writeJson } from '../json-file.ts';
import { sameVersion } from '../spec.ts';

/** A package that needs a person's decision. */
export const Approval = z.object({
  id: z.string(),
  name: z.string(),
  ecosystem: Ecosystem,
  version: z.string().optional().describe('Absent: the decision holds for every version'),
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
  /** The decision that holds for a version of a package: an exact one before a general one. */
  statusOf(subject: ApprovalSubject): Approval['status'] | undefined;
  /** Asks for a decision, once: a second request finds the first one. @throws MeshError unavailable when too many wait */
  request(subject: ApprovalSubject, reason: string): Promise<Approval>;
  /** Decides, or decides anew. @throws MeshError not_found */
  decide(id: string, decision: Decision): Promise<Approval>;
}

export type ApprovalSubject = Pick<Approval, 'name' | 'ecosystem'> & { readonly version: string | undefined };

const MAX_APPROVALS = 1_000;

/** The decisions on packages, kept in `file` so that they outlive the service. */
export async function createApprovals(file: string, now: () => Date): Promise<Approvals> {
  let all: readonly Approval[] = (await readJson(file, z.array(Approval))) ?? [];
  let saving = Promise.resolve();

  /** Writes one change after the other; a caller gets its answer once it is written. */
  const save = (next: readonly Approval[]): Promise<void> => {
    all = next;
    saving = saving.catch(() => {}).then(() => writeJson(file, all));
    return saving;
  };
  const about = ({ name, ecosystem }: ApprovalSubject) =>
    all.filter((approval) => approval.name === name && approval.ecosystem === ecosystem);

  return {
    list: () => all,
    statusOf(subject) {
      const known = about(subject);
      const exact = known.find(
        ({ version }) =>
          version !== undefined &&
          subject.version !== undefined &&
          sameVersion(subject.ecosystem, version, subject.version),
      );
      return (exact ?? known.find(({ version }) => version === undefined))?.status;
    },
    async request(subject, reason) {
      const { name, ecosystem, version } = subject;
      const known = about(subject).find((approval) => approval.version === version);
      if (known !== undefined) return known;
      if (all.length >= MAX_APPROVALS) throw new MeshError('unavailable', 'Too many packages are waiting for approval');
      const approval: Approval = {
        id: randomUUID(),
        name,
        ecosystem,
        ...(version === undefined ? {} : { version }),
        requested_at: now().toISOString(),
        reason,
        status: 'pending',
      };
      await save([approval, ...all]);
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
