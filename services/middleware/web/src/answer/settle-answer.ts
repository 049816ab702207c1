import type { Answer, Decision, Part } from './turn.ts';

const UNDER_WAY = new Set(['preparing', 'running']);

/** Ends an answer: what was still under way in it has stopped. What waits for the user goes on waiting. */
export function settle(answer: Answer, status: Exclude<Answer['status'], 'streaming'>, now: number): Answer {
  const parts = answer.parts.map((part): Part => {
    if (part.type === 'reasoning') return { ...part, endedAt: part.endedAt ?? now };
    if (part.type !== 'call' || !UNDER_WAY.has(part.state)) return part;
    return { ...part, state: 'stopped', endedAt: now };
  });
  return { ...answer, parts, status, endedAt: now };
}

/** Goes on with an answer in a further run, after the user's decisions: its clock and its tokens go on, too. */
export function resume(answer: Answer, decisions: readonly Decision[], now: number): Answer {
  const parts = answer.parts.map((part): Part => {
    const decision =
      part.type === 'call'
        ? decisions.find(({ id }) => part.state === 'waiting' && id === part.approval?.id)
        : undefined;
    if (part.type !== 'call' || part.approval === undefined || decision === undefined) return part;
    const approval = { ...part.approval, decision };
    if (decision.decision === 'deny') return { ...part, approval, state: 'denied', endedAt: now };
    return { ...part, approval, state: 'running', startedAt: now, endedAt: undefined };
  });
  return {
    ...answer,
    parts,
    status: 'streaming',
    stepStart: parts.length,
    usageBefore: answer.usage,
    failure: undefined,
    startedAt: now - ((answer.endedAt ?? now) - answer.startedAt),
    endedAt: undefined,
  };
}
