import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { type JsonObject, listOf, numberOf, objectOf, textOf } from '../api/json.ts';
import { approvalOf, stateOf, usageOf } from './read-fields.ts';
import { type Answer, type Approval, type CallPart, newAnswer, newCall, type Part, type Turn } from './turn.ts';

type Waiting = ReadonlyMap<string, Approval>;

/**
 * The turns of a kept conversation, as `GET /sessions/{id}` gives it. The messages of one answer (what the model said,
 * the calls it made, what it said then) become one turn. `open` are requests for approval that nobody has answered.
 */
export function readSession(
  body: unknown,
  open: readonly (readonly [callId: string, approval: Approval])[],
): readonly Turn[] {
  const session = objectOf(body);
  const waiting = new Map([...open, ...listOf(session['approvals']).map(readApproval)]);
  const turns: Turn[] = [];
  for (const [index, message] of listOf(session['messages']).filter(isRecord).entries()) {
    const last = turns.at(-1);
    if (message['role'] === 'user') turns.push({ role: 'user', id: `q${index}`, text: contentOf(message) });
    else if (message['role'] === 'assistant' && last?.role === 'assistant') {
      turns[turns.length - 1] = extend(last, message, waiting);
    } else if (message['role'] === 'assistant') {
      turns.push(extend({ ...newAnswer(`a${index}`, 0), status: 'done' }, message, waiting));
    } else if (message['role'] === 'tool' && last?.role === 'assistant') {
      turns[turns.length - 1] = withToolMessage(last, message);
    }
  }
  return turns;
}

function readApproval(value: unknown): readonly [string, Approval] {
  const data = objectOf(value);
  return [textOf(data['call_id']) ?? '', approvalOf(data)];
}

/** Text as it stands, or the text among content parts. */
function contentOf({ content, parts }: JsonObject): string {
  if (typeof content === 'string') return content;
  return listOf(content ?? parts)
    .flatMap((part) => textOf(objectOf(part)['text']) ?? [])
    .join('\n');
}

function extend(answer: Answer, message: JsonObject, waiting: Waiting): Answer {
  const parts = Array.isArray(message['parts']) ? readParts(message, waiting) : readFields(message, waiting);
  return {
    ...answer,
    status: message['finish_reason'] === 'aborted' ? 'stopped' : answer.status,
    parts: [...answer.parts, ...parts],
    runId: textOf(message['run_id']) ?? answer.runId,
    provider: textOf(message['provider']) ?? answer.provider,
    model: textOf(message['model']) ?? answer.model,
    finishReason: textOf(message['finish_reason']) ?? answer.finishReason,
    usage: usageOf(objectOf(message['usage'])) ?? answer.usage,
    endedAt: numberOf(message['duration_ms']) ?? answer.endedAt,
  };
}

/** The parts of an AI SDK UI message. */
function readParts(message: JsonObject, waiting: Waiting): readonly Part[] {
  return listOf(message['parts'])
    .filter(isRecord)
    .flatMap((part, index): Part[] => {
      const text = textOf(part['text']) ?? '';
      const id = String(index);
      if (part['type'] === 'text' && text !== '') return [{ type: 'text', id, text }];
      if (part['type'] === 'reasoning' && text !== '') {
        return [{ type: 'reasoning', id, text, startedAt: 0, endedAt: 0 }];
      }
      return part['type'] === 'dynamic-tool' ? [readToolPart(part, waiting)] : [];
    });
}

function readToolPart(part: JsonObject, waiting: Waiting): CallPart {
  const { status, duration_ms } = objectOf(part['toolMetadata']);
  const callId = textOf(part['toolCallId']) ?? '';
  const approval = waiting.get(callId);
  const call = {
    ...newCall(callId, textOf(part['toolName']) ?? 'tool', undefined),
    input: part['input'],
    output: part['output'],
    errorText: textOf(part['errorText']),
    tookMs: numberOf(duration_ms),
  };
  if (part['state'] === 'approval-requested' && approval !== undefined) return { ...call, state: 'waiting', approval };
  if (part['state'] === 'output-available') return { ...call, state: stateOf(status) ?? 'ok' };
  if (part['state'] === 'output-denied') return { ...call, state: 'denied' };
  return { ...call, state: stateOf(status) ?? 'stopped' };
}

/** The plain fields of a message: `content`, `reasoning`, `tool_calls`. */
function readFields(message: JsonObject, waiting: Waiting): readonly Part[] {
  const text = contentOf(message);
  const thought = textOf(message['reasoning']) ?? '';
  const calls = listOf(message['tool_calls']).filter(isRecord);
  const id = textOf(message['id']) ?? '';
  const said: Part[] = text === '' ? [] : [{ type: 'text', id, text }];
  const thoughts: Part[] = thought === '' ? [] : [{ type: 'reasoning', id, text: thought, startedAt: 0, endedAt: 0 }];
  const made = calls.map((call) => readCall(call, waiting));
  // A whole answer in one message tells what it found; a step of one announces what it will do.
  const hasResults = calls.some((call) => call['result'] !== undefined);
  return hasResults ? [...thoughts, ...made, ...said] : [...thoughts, ...said, ...made];
}

/** A call with its result, in our own form or in OpenAI's (`function: {name, arguments}`). */
function readCall(call: JsonObject, waiting: Waiting): CallPart {
  const wire = objectOf(call['function']);
  const callId = textOf(call['id']) ?? '';
  const approval = waiting.get(callId);
  const state = stateOf(call['status']) ?? (call['result'] === undefined ? 'stopped' : 'ok');
  const part = {
    ...newCall(callId, textOf(call['name']) ?? textOf(wire['name']) ?? 'tool', undefined),
    input: call['arguments'] ?? wire['arguments'],
    output: call['result'],
    tookMs: numberOf(call['duration_ms']),
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
