import { isObject, type JsonObject, listOf, numberOf, objectOf, textOf } from '../api/json.ts';
import { approvalOf, usageOf } from './apply-event.ts';
import { type Answer, type Approval, type CallPart, type CallState, newAnswer, newCall, type Turn } from './turn.ts';

const STATES: Readonly<Record<string, CallState>> = {
  ok: 'ok',
  error: 'error',
  denied: 'denied',
  timeout: 'timeout',
  skipped: 'skipped',
};

/**
 * The turns of a kept conversation, as `GET /sessions/{id}` gives it. The messages of one answer (what the model said,
 * the calls it made, what it said then) become one turn. `open` are requests for approval that nobody has answered.
 */
export function readSession(
  body: unknown,
  open: readonly (readonly [callId: string, approval: Approval])[],
): readonly Turn[] {
  const session = objectOf(body);
  const waiting = new Map([...listOf(session['approvals']).map(readApproval), ...open]);
  const turns: Turn[] = [];
  for (const [index, message] of listOf(session['messages']).filter(isObject).entries()) {
    const last = turns.at(-1);
    if (message['role'] === 'user') turns.push({ role: 'user', id: `q${index}`, text: contentOf(message['content']) });
    else if (message['role'] === 'assistant') {
      const answer = last?.role === 'assistant' ? last : { ...newAnswer(`a${index}`, 0), status: 'done' as const };
      turns.splice(turns.length - (last === answer ? 1 : 0), last === answer ? 1 : 0, extend(answer, message, waiting));
    } else if (message['role'] === 'tool' && last?.role === 'assistant') {
      turns.splice(-1, 1, withToolMessage(last, message));
    }
  }
  return turns;
}

function readApproval(value: unknown): readonly [string, Approval] {
  const data = objectOf(value);
  return [textOf(data['call_id']) ?? '', approvalOf(data)];
}

/** Text as it stands, or the text among content parts. */
function contentOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .flatMap((part) => textOf(objectOf(part)['text']) ?? [])
    .join('\n');
}

function extend(answer: Answer, message: JsonObject, waiting: ReadonlyMap<string, Approval>): Answer {
  const text = contentOf(message['content']);
  const thought = textOf(message['reasoning']) ?? '';
  const calls = listOf(message['tool_calls']).filter(isObject);
  const id = String(answer.parts.length);
  const said = text === '' ? [] : [{ type: 'text' as const, id, text }];
  const made = calls.map((call) => readCall(call, waiting));
  // A whole answer in one message tells what it found; a step of one announces what it will do.
  const hasResults = calls.some((call) => call['result'] !== undefined);
  return {
    ...answer,
    status: message['finish_reason'] === 'aborted' ? 'stopped' : answer.status,
    parts: [
      ...answer.parts,
      ...(thought === '' ? [] : [{ type: 'reasoning' as const, id, text: thought, startedAt: 0, endedAt: 0 }]),
      ...(hasResults ? [...made, ...said] : [...said, ...made]),
    ],
    runId: textOf(message['run_id']) ?? answer.runId,
    provider: textOf(message['provider']) ?? answer.provider,
    model: textOf(message['model']) ?? answer.model,
    finishReason: textOf(message['finish_reason']) ?? answer.finishReason,
    usage: usageOf(objectOf(message['usage'])) ?? answer.usage,
    endedAt: numberOf(message['duration_ms']) ?? answer.endedAt,
  };
}

/** A call with its result, in our own form or in OpenAI's (`function: {name, arguments}`). */
function readCall(call: JsonObject, waiting: ReadonlyMap<string, Approval>): CallPart {
  const wire = objectOf(call['function']);
  const callId = textOf(call['id']) ?? '';
  const durationMs = numberOf(call['duration_ms']) ?? numberOf(objectOf(call['result'])['duration_ms']);
  const approval = waiting.get(callId);
  const state = STATES[textOf(call['status']) ?? ''] ?? (call['result'] === undefined ? 'stopped' : 'ok');
  const part = {
    ...newCall(callId, textOf(call['name']) ?? textOf(wire['name']) ?? 'tool', undefined),
    input: call['arguments'] ?? wire['arguments'],
    output: call['result'],
    ...(durationMs === undefined ? {} : { startedAt: 0, endedAt: durationMs }),
  };
  return approval === undefined || state !== 'stopped' ? { ...part, state } : { ...part, state: 'waiting', approval };
}

/** The result of a call where it comes as a message of its own. */
function withToolMessage(answer: Answer, message: JsonObject): Answer {
  const callId = textOf(message['tool_call_id']);
  const index = answer.parts.findIndex((part) => part.type === 'call' && part.callId === callId);
  const part = answer.parts[index];
  if (part?.type !== 'call' || part.output !== undefined) return answer;
  return { ...answer, parts: answer.parts.with(index, { ...part, state: 'ok', output: message['content'] }) };
}
