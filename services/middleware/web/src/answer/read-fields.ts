import { type JsonObject, numberOf, objectOf, textOf } from '../api/json.ts';
import type { Approval, CallPart, CallState, Usage } from './turn.ts';

const STATES: Readonly<Record<string, CallState>> = {
  ok: 'ok',
  error: 'error',
  denied: 'denied',
  timeout: 'timeout',
  skipped: 'skipped',
};

/** Returns the contract's status of a call that ended, or undefined for another word. */
export const stateOf = (status: unknown): CallState | undefined =>
  typeof status === 'string' && Object.hasOwn(STATES, status) ? STATES[status] : undefined;

/** Returns how a call ended, as the server says where it does. */
export function outcomeOf(event: JsonObject, fallback: CallState): Pick<CallPart, 'state' | 'tookMs'> {
  const { status, duration_ms } = objectOf(event['toolMetadata']);
  return { state: stateOf(status) ?? fallback, tookMs: numberOf(duration_ms) };
}

/** Returns the progress of a call in words: `3 of 10, unpacking`. */
export function progressOf(data: JsonObject): string | undefined {
  const [progress, total, message] = [numberOf(data['progress']), numberOf(data['total']), textOf(data['message'])];
  const amount = progress === undefined || total === undefined ? undefined : `${progress} of ${total}`;
  const words = [amount, message].filter((word) => word !== undefined && word !== '');
  return words.length === 0 ? undefined : words.join(', ');
}

/** Reads the pending approval of a `data-approval` event. */
export function approvalOf(data: JsonObject): Approval {
  const expiresAt = Date.parse(textOf(data['expires_at']) ?? '');
  return {
    id: textOf(data['id']) ?? '',
    name: textOf(data['name']) ?? 'tool',
    arguments: data['arguments'],
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
  };
}

/** Reads the tokens of a run; undefined where nothing was counted. */
export function usageOf(data: JsonObject): Usage | undefined {
  const inputTokens = numberOf(data['input_tokens']) ?? 0;
  const outputTokens = numberOf(data['output_tokens']) ?? 0;
  const totalTokens = numberOf(data['total_tokens']) ?? inputTokens + outputTokens;
  return totalTokens === 0 ? undefined : { inputTokens, outputTokens, totalTokens };
}
