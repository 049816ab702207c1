import { z } from 'zod';
import type { Step, TurnApproval, TurnCall } from '../run/turns.ts';
import { failureOf, outcomeOf } from './read-outcome.ts';

/** A part of an AI SDK UI message; the kinds that mean nothing here are passed over. */
export const UiMessagePart = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  url: z.string().optional(),
  toolCallId: z.string().max(256).optional(),
  toolName: z.string().max(256).optional(),
  state: z.string().optional(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  errorText: z.string().optional(),
  approval: z
    .looseObject({
      id: z.string().max(256),
      approved: z.boolean().optional(),
      reason: z.string().max(2_000).optional(),
    })
    .optional(),
});
type Part = z.output<typeof UiMessagePart>;

/** The steps of an answer: one begins where the parts say so, and wherever a model speaks again after its calls. */
export function readUiParts(parts: readonly Part[]): readonly Step[] {
  const steps: { text: string; reasoning: string; calls: TurnCall[] }[] = [];
  const open = () => {
    const step = { text: '', reasoning: '', calls: [] };
    steps.push(step);
    return step;
  };
  for (const part of parts) {
    const last = steps.at(-1) ?? open();
    const call = readCall(part);
    const saysMore = (part.type === 'text' || part.type === 'reasoning') && last.calls.length > 0;
    if (part.type === 'step-start') open();
    else if (call !== undefined) last.calls.push(call);
    else {
      const step = saysMore ? open() : last;
      if (part.type === 'text') step.text += part.text ?? '';
      if (part.type === 'reasoning') step.reasoning += part.text ?? '';
    }
  }
  return steps
    .filter(({ text, reasoning, calls }) => text !== '' || reasoning !== '' || calls.length > 0)
    .map(({ text, reasoning, calls }) => ({ text, ...(reasoning === '' ? {} : { reasoning }), calls }));
}

function readCall(part: Part): TurnCall | undefined {
  const { type, toolCallId: id, toolName, state, input, output, errorText, approval } = part;
  const name = type === 'dynamic-tool' ? toolName : /^tool-(.+)$/.exec(type)?.[1];
  if (name === undefined || id === undefined || id === '') return undefined;
  const call: TurnCall = {
    id,
    name,
    arguments: input ?? {},
    ...(approval === undefined ? {} : { approval: approvalOf(approval) }),
  };
  if (state === 'output-available') return { ...call, outcome: outcomeOf(call, output) };
  if (state === 'output-error') return { ...call, outcome: failureOf(call, 'error', errorText ?? 'The call failed') };
  if (state === 'output-denied')
    return { ...call, outcome: failureOf(call, 'denied', 'The user did not allow this call') };
  return call;
}

function approvalOf({ id, approved, reason }: NonNullable<Part['approval']>): TurnApproval {
  const decision = approved === true ? 'approve' : 'deny';
  return {
    id,
    ...(approved === undefined ? {} : { decision }),
    ...(reason === undefined ? {} : { reason }),
  };
}
