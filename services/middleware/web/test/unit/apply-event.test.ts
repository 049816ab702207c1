import { describe, expect, test } from '@jest/globals';
import { applyEvent } from '../../src/answer/apply-event.ts';
import { resume, settle } from '../../src/answer/settle-answer.ts';
import { type Answer, callsOf, newAnswer, openApprovals, spokenText } from '../../src/answer/turn.ts';

const apply = (events: readonly unknown[], from: Answer = newAnswer('a', 0)): Answer =>
  events.reduce<Answer>((answer, event, index) => applyEvent(answer, event, index), from);

const call = (toolCallId: string) => ({ type: 'tool-input-available', toolCallId, toolName: 'run', input: { x: 1 } });

describe('the events of a run', () => {
  test('become text, thoughts and calls in their order', () => {
    const answer = apply([
      { type: 'start', messageId: 'm', messageMetadata: { run_id: 'r1', session_id: 's1' } },
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: 'hm' },
      { type: 'reasoning-end', id: 'r' },
      { type: 'text-start', id: 't1' },
      { type: 'text-delta', id: 't1', delta: 'I will ' },
      { type: 'text-delta', id: 't1', delta: 'run it.' },
      call('c1'),
      { type: 'tool-output-available', toolCallId: 'c1', output: { is_error: false } },
      { type: 'text-delta', id: 't2', delta: 'Done.' },
      { type: 'finish', finishReason: 'stop' },
    ]);
    expect(answer).toMatchObject({ status: 'done', runId: 'r1', sessionId: 's1', finishReason: 'stop', endedAt: 10 });
    expect(answer.parts).toMatchObject([
      { type: 'reasoning', text: 'hm', startedAt: 1, endedAt: 3 },
      { type: 'text', text: 'I will run it.' },
      { type: 'call', callId: 'c1', name: 'run', state: 'ok', input: { x: 1 } },
      { type: 'text', text: 'Done.' },
    ]);
    expect(spokenText(answer)).toBe('I will run it.\n\nDone.');
  });

  test('that nobody knows, or that are no events, change nothing', () => {
    const answer = newAnswer('a', 0);
    const strange = [undefined, null, 5, 'text', [], {}, { type: 7 }, { type: 'new-in-v2' }, { type: 'constructor' }];
    const shapeless = [
      { type: '__proto__' },
      { type: 'tool-output-available' },
      { type: 'data-tool-output' },
      { type: 'reasoning-delta', id: 'unknown', delta: 'x' },
    ];
    expect(apply([...strange, ...shapeless], answer)).toEqual(answer);
  });

  test('of a step that is repeated take back what it had given', () => {
    const answer = apply([
      { type: 'start-step' },
      { type: 'text-delta', id: 't1', delta: 'Kept.' },
      { type: 'start-step' },
      { type: 'text-delta', id: 't2', delta: 'Half a sen' },
      { type: 'reset-step' },
      { type: 'text-delta', id: 't3', delta: 'A sentence.' },
    ]);
    expect(spokenText(answer)).toBe('Kept.\n\nA sentence.');
  });

  test('of calls at the same time reach each its own, whatever their order', () => {
    const answer = apply([
      call('c1'),
      call('c2'),
      { type: 'data-tool-output', data: { tool_call_id: 'c1', text: 'one' } },
      { type: 'data-tool-output', data: { tool_call_id: 'c2', text: 'two' } },
      { type: 'tool-output-error', toolCallId: 'c2', errorText: 'no' },
      { type: 'tool-output-available', toolCallId: 'c1', output: { is_error: true } },
      call('c3'),
      { type: 'tool-output-denied', toolCallId: 'c3' },
    ]);
    expect(callsOf(answer)).toMatchObject([
      { callId: 'c1', state: 'error', liveOutput: 'one' },
      { callId: 'c2', state: 'error', liveOutput: 'two', errorText: 'no' },
      { callId: 'c3', state: 'denied' },
    ]);
  });

  test('keep of a long output its end', () => {
    const text = 'x'.repeat(50_000);
    const printed = { type: 'data-tool-output', data: { tool_call_id: 'c1', text } };
    const [first] = callsOf(
      apply([call('c1'), printed, printed, { ...printed, data: { ...printed.data, text: 'end' } }]),
    );
    expect(first?.liveOutput.length).toBe(65_536);
    expect(first?.liveOutput.endsWith('end')).toBe(true);
  });

  test('of an error stay an error after the finish that follows, and stop what was running', () => {
    const answer = apply([
      call('c1'),
      { type: 'error', errorText: 'It broke.' },
      { type: 'finish', finishReason: 'error' },
    ]);
    expect(answer).toMatchObject({ status: 'failed', failure: { title: 'It broke.' } });
    expect(callsOf(answer)).toMatchObject([{ state: 'stopped' }]);
  });
});

describe('what the server measured', () => {
  test('is told of a call: how it ended, how long it took, how far it is', () => {
    const [first] = callsOf(
      apply([
        call('c1'),
        { type: 'data-tool-progress', data: { tool_call_id: 'c1', progress: 3, total: 10, message: 'unpacking' } },
        {
          type: 'tool-output-error',
          toolCallId: 'c1',
          errorText: 'Too slow',
          toolMetadata: { status: 'timeout', duration_ms: 120 },
        },
      ]),
    );
    expect(first).toMatchObject({
      state: 'timeout',
      tookMs: 120,
      progress: '3 of 10, unpacking',
      errorText: 'Too slow',
    });
  });

  test('is told of a failure, with the step that its code suggests', () => {
    const { failure } = apply([
      { type: 'data-error', data: { code: 'rate_limited', message: 'Too many chats' } },
      { type: 'error', errorText: 'Too many chats' },
    ]);
    expect(failure).toEqual({ title: 'Too many chats.', next: 'Wait a moment, then try again.' });
  });
});

describe('a request for approval', () => {
  const asked = apply([
    call('c1'),
    { type: 'tool-approval-request', approvalId: 'ap', toolCallId: 'c1' },
    {
      type: 'data-approval',
      data: { id: 'ap', call_id: 'c1', name: 'run', arguments: { x: 1 }, expires_at: '2026-01-01T00:00:00.000Z' },
    },
    { type: 'data-usage', data: { input_tokens: 10, output_tokens: 1, total_tokens: 11 } },
    { type: 'finish', finishReason: 'tool-calls' },
  ]);
  const expiry = Date.parse('2026-01-01T00:00:00.000Z');

  test('is open until it expires', () => {
    expect(openApprovals(asked, expiry - 1)).toMatchObject([{ id: 'ap', arguments: { x: 1 } }]);
    expect(openApprovals(asked, expiry)).toEqual([]);
  });

  test('that is allowed runs in the same answer, whose tokens and time go on', () => {
    const going = resume(asked, [{ id: 'ap', decision: 'approve' }], 1_000);
    expect(going).toMatchObject({ status: 'streaming', endedAt: undefined, startedAt: 1_000 - 4 });
    const over = apply(
      [
        { type: 'tool-output-available', toolCallId: 'c1', output: {} },
        { type: 'data-usage', data: { input_tokens: 20, output_tokens: 2, total_tokens: 22 } },
      ],
      going,
    );
    expect(callsOf(over)).toMatchObject([{ callId: 'c1', state: 'ok' }]);
    expect(over.usage).toEqual({ inputTokens: 30, outputTokens: 3, totalTokens: 33 });
  });

  test('that is denied ends the call', () => {
    const going = resume(asked, [{ id: 'ap', decision: 'deny', reason: 'no' }], 1_000);
    expect(callsOf(going)).toMatchObject([{ state: 'denied', approval: { decision: { reason: 'no' } } }]);
  });

  test('goes on waiting when its run is over, however that ended', () => {
    expect(callsOf(settle(asked, 'stopped', 9))).toMatchObject([{ state: 'waiting' }]);
  });
});
