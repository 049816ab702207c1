import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { listOf, numberOf, objectOf, textOf } from '../api/json.ts';
import { type Answer, type Approval, callsOf } from '../answer/turn.ts';

/** A reload must not lose what waits for the user. Kept in this tab alone. */
const keyOf = (sessionId: string): string => `toolmesh-approvals-${sessionId}`;

export type OpenApproval = readonly [callId: string, approval: Approval];

/** Remembers which calls of an answer wait for the user; none forgets them. */
export function rememberApprovals(sessionId: string, answer: Answer): void {
  const open = callsOf(answer).flatMap(({ callId, state, approval }) =>
    state === 'waiting' && approval !== undefined ? [{ callId, ...approval }] : [],
  );
  try {
    if (open.length === 0) sessionStorage.removeItem(keyOf(sessionId));
    else sessionStorage.setItem(keyOf(sessionId), JSON.stringify(open));
  } catch {
    // Without room to keep them they last as long as the page.
  }
}

export function recallApprovals(sessionId: string): readonly OpenApproval[] {
  return listOf(parseJson(sessionStorage.getItem(keyOf(sessionId)) ?? ''))
    .filter(isRecord)
    .map((entry) => [
      textOf(entry['callId']) ?? '',
      {
        id: textOf(entry['id']) ?? '',
        name: textOf(entry['name']) ?? 'tool',
        arguments: objectOf(entry['arguments']),
        expiresAt: numberOf(entry['expiresAt']),
      },
    ]);
}
