import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { canonicalJson } from './canonical-json.ts';

/** The call that an approval is for; it is valid for no other. */
export interface ApprovalSubject {
  /** The run that asked, or `execute`. */
  readonly runId: string;
  readonly callId: string;
  /** As it was described when the user was asked: a tool that has changed since is another tool. */
  readonly tool: Tool;
  readonly arguments: unknown;
}

/** The user's approvals of tool calls. */
export interface Approvals {
  /** Makes an approval that may be given until `expiresAt` (ISO 8601, UTC). */
  issue(subject: ApprovalSubject): { readonly id: string; readonly expiresAt: string };
  /** Uses an approval up. @throws MeshError forbidden when it is for another call, used before, or expired. */
  redeem(id: string, subject: Omit<ApprovalSubject, 'runId'>): void;
}

export interface ApprovalOptions {
  readonly ttlMs?: number;
  /** Milliseconds, as `Date.now`. */
  readonly now?: () => number;
}

/** The parts of an approval's id that its code covers. */
interface ApprovalStamp {
  readonly runId: string;
  /** Milliseconds since 1970, in base 36. */
  readonly expiry: string;
  readonly nonce: string;
}

/** Time enough to read; short enough that what was read still holds. */
const TTL_MS = 10 * 60_000;
/** Ids of approvals that were used and have not expired. */
const MAX_USED = 10_000;
const ID = /^((?:run_|exec_)[0-9a-f-]{36})\.([0-9a-z]{1,12})\.([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{43})$/;

/**
 * Makes approvals that carry their own proof: an id holds its run, its expiry, and a code over both, the call, the tool
 * and the exact arguments, made with a key that only this process has. An id that does not match is refused; after a
 * restart that is every approval made before.
 */
export function createApprovals({ ttlMs = TTL_MS, now = Date.now }: ApprovalOptions = {}): Approvals {
  const key = randomBytes(32);
  /** The ids that were used, and when each expires. */
  const used = new Map<string, number>();

  const codeOf = (
    { runId, expiry, nonce }: ApprovalStamp,
    { callId, tool, ...call }: Omit<ApprovalSubject, 'runId'>,
  ): string => {
    const { name, description, input_schema, annotations, server } = tool;
    const described = { name, description, input_schema, annotations, server };
    const text = canonicalJson([runId, expiry, nonce, callId, described, call.arguments]);
    return createHmac('sha256', key).update(text).digest('base64url');
  };
  const forget = () => {
    for (const [id, until] of used) if (until <= now()) used.delete(id);
  };

  return {
    issue(subject) {
      const until = now() + ttlMs;
      const expiry = until.toString(36);
      const nonce = randomBytes(9).toString('base64url');
      const code = codeOf({ runId: subject.runId, expiry, nonce }, subject);
      return { id: `${subject.runId}.${expiry}.${nonce}.${code}`, expiresAt: new Date(until).toISOString() };
    },
    redeem(id, subject) {
      const [, runId = '', expiry = '', nonce = '', code = ''] = ID.exec(id) ?? [];
      const until = Number.parseInt(expiry, 36);
      if (!isSame(code, codeOf({ runId, expiry, nonce }, subject))) {
        throw refusal('This approval is not for this call with these arguments; request a new one');
      }
      if (!(until > now())) throw refusal('This approval has expired; request a new one');
      if (used.has(id)) throw refusal('This approval has been used before; request a new one');
      if (used.size >= MAX_USED) forget();
      if (used.size >= MAX_USED) throw refusal('Too many approvals were used in a short time; try again later');
      used.set(id, until);
    },
  };
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const refusal = (message: string) => new MeshError('forbidden', message);
