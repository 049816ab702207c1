import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { createApprovals } from '../../src/policy/approvals.ts';
import { createToolPolicy, PolicyRules } from '../../src/policy/tool-policy.ts';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi } from '../fakes/fake-openai.ts';
import { openStream } from '../fakes/read-stream.ts';
import { startWith } from '../fakes/start-middleware.ts';

async function start(env: Record<string, string>, ...answers: Parameters<typeof fakeOpenAi>) {
  const provider = endWithTest(await fakeOpenAi(...answers));
  const watched = watchedTools();
  const middleware = await startWith(watched.tools, { ...provider.env, ...env });
  return { ...watched, provider, middleware, chat: (body: object) => post(`${middleware.url}/chat`, body) };
}

const destroy = (text: string, id = 'call_1') => ({ id, name: 'destroy', args: { text } });
const ask = { message: 'destroy it', session_id: 'mine' };

describe('a tool that destroys', () => {
  test('is pending until approved, runs exactly as shown, and the run goes on', async () => {
    const { chat, called, middleware } = await start(
      {},
      { text: ['I will.'], calls: [destroy('a'), { id: 'call_2', name: 'echo', args: { text: 'b' } }] },
      { text: ['Gone.'] },
    );
    const { body } = await chat(ask);
    expect(body).toMatchObject({
      finish_reason: 'stop',
      response: 'I will.',
      tool_calls: [{ name: 'echo', status: 'ok' }],
      pending_approvals: [
        {
          id: expect.any(String),
          call_id: 'call_1',
          name: 'destroy',
          arguments: { text: 'a' },
          expires_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    expect(called.map(({ name }) => name)).toEqual(['echo']);
    const [{ id }] = body.pending_approvals;
    const shown = await request(`${middleware.url}/sessions/mine`);
    expect(shown.body.messages.at(-1).parts).toContainEqual(
      expect.objectContaining({ state: 'approval-requested', approval: expect.objectContaining({ id }) }),
    );

    const after = await chat({ session_id: 'mine', approvals: [{ id, decision: 'approve' }] });
    expect(after.body).toMatchObject({
      response: 'Gone.',
      tool_calls: [{ id: 'call_1', name: 'destroy', status: 'ok' }],
    });
    expect(after.body.pending_approvals).toBeUndefined();
    expect(called.at(-1)).toEqual({ name: 'destroy', input: { text: 'a' } });
    const metrics = (await request(`${middleware.url}/metrics`)).body;
    for (const decision of ['requested', 'approved'])
      expect(metrics).toContain(`chat_approvals_total{decision="${decision}"} 1`);
  });

  test('is reported to the model as denied, with the reason, and never runs', async () => {
    const { chat, called, provider } = await start({}, { calls: [destroy('a')] }, { text: ['As you like.'] });
    const { body } = await chat(ask);
    const [{ id }] = body.pending_approvals;
    const after = await chat({ session_id: 'mine', approvals: [{ id, decision: 'deny', reason: 'not today' }] });
    expect(after.body).toMatchObject({ response: 'As you like.', tool_calls: [{ name: 'destroy', status: 'denied' }] });
    expect(called).toEqual([]);
    expect(provider.requests.at(-1)?.body.messages.at(-1).content).toContain(
      'The user did not allow this call: not today',
    );
  });

  test('does not run twice on one approval, nor on one that was never given', async () => {
    const { chat, called } = await start({}, { calls: [destroy('a')] }, { text: ['Gone.'] });
    const { body } = await chat(ask);
    const approvals = [{ id: body.pending_approvals[0].id, decision: 'approve' }];
    const forged = [{ id: `${body.pending_approvals[0].id}x`, decision: 'approve' }];
    expect(await chat({ session_id: 'mine', approvals: forged })).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    expect(await chat({ session_id: 'yours', approvals })).toMatchObject({ status: 404 });
    expect((await chat({ session_id: 'mine', approvals })).status).toBe(200);
    expect(await chat({ session_id: 'mine', approvals })).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringContaining('No call is pending') } },
    });
    expect(called).toHaveLength(1);
  });

  test('of several, those wait on of which nothing was said', async () => {
    const { chat, called } = await start(
      {},
      { calls: [destroy('a'), destroy('b', 'call_2')] },
      { text: ['Both are gone.'] },
    );
    const { pending_approvals: pending } = (await chat(ask)).body;
    const first = await chat({ session_id: 'mine', approvals: [{ id: pending[0].id, decision: 'approve' }] });
    expect(first.body).toMatchObject({
      tool_calls: [{ id: 'call_1', status: 'ok' }],
      pending_approvals: [{ id: pending[1].id, call_id: 'call_2' }],
    });
    const second = await chat({ session_id: 'mine', approvals: [{ id: pending[1].id, decision: 'approve' }] });
    expect(second.body).toMatchObject({ response: 'Both are gone.', tool_calls: [{ id: 'call_2', status: 'ok' }] });
    expect(called.map(({ input }) => input)).toEqual([{ text: 'a' }, { text: 'b' }]);
  });

  test('counts as denied when the chat goes on without a word on it', async () => {
    const { chat, called, provider } = await start({}, { calls: [destroy('a')] }, { text: ['Fine.'] });
    const [{ id }] = (await chat(ask)).body.pending_approvals;
    expect((await chat({ message: 'something else', session_id: 'mine' })).body.response).toBe('Fine.');
    const messages = provider.requests.at(-1)?.body.messages;
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'user']);
    expect((await chat({ session_id: 'mine', approvals: [{ id, decision: 'approve' }] })).status).toBe(404);
    expect(called).toEqual([]);
  });

  test('is approved in the AI SDK’s own way, too, and only with the arguments that were shown', async () => {
    const { middleware, called } = await start(
      { CHAT_SESSIONS: 'off' },
      { calls: [destroy('a')] },
      { text: ['Denied.'] },
      { text: ['Gone.'] },
    );
    const url = `${middleware.url}/chat`;
    const user: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'destroy it' }] };
    const read = async (messages: UIMessage[]) => {
      const last = messages.at(-1);
      const { parts } = await openStream(url, { messages, stream: true });
      const stream = ReadableStream.from(chunksOf(parts));
      let message: UIMessage | undefined;
      const before = last?.role === 'assistant' ? { message: structuredClone(last) } : {};
      for await (const next of readUIMessageStream({ stream, ...before, terminateOnError: true })) message = next;
      if (message === undefined) throw new Error('no message');
      return message;
    };
    const answer = await read([user]);
    const respond = (input: unknown): UIMessage => ({
      ...answer,
      parts: answer.parts.map((part) =>
        part.type === 'dynamic-tool' && part.state === 'approval-requested'
          ? { ...part, input, state: 'approval-responded', approval: { id: part.approval.id, approved: true } }
          : part,
      ),
    });
    const altered = await read([user, respond({ text: 'everything' })]);
    expect(altered.parts).toContainEqual(expect.objectContaining({ type: 'dynamic-tool', state: 'output-denied' }));
    expect(called).toEqual([]);
    const approved = await read([user, respond({ text: 'a' })]);
    expect(approved.id).toBe(answer.id);
    const calls = approved.parts.filter(({ type }) => type === 'dynamic-tool');
    expect(calls).toEqual([expect.objectContaining({ state: 'output-available', input: { text: 'a' } })]);
    expect(called).toEqual([{ name: 'destroy', input: { text: 'a' } }]);
  });
});

async function* chunksOf(parts: AsyncIterable<UIMessageChunk | '[DONE]'>): AsyncGenerator<UIMessageChunk> {
  for await (const part of parts) if (part !== '[DONE]') yield part;
}

describe('the policy of tools', () => {
  const permission = (rules: string, tool: Partial<Tool>, fallback?: 'auto' | 'ask' | 'deny') =>
    createToolPolicy(
      PolicyRules.parse(rules),
      fallback,
    )({ name: 'x', description: '', input_schema: {}, annotations: {}, ...tool });

  test('comes from the rule that is nearest, then the default, then what the tool says of itself', () => {
    const rules = 'rm_all=auto,rm_*=ask,r*=deny';
    expect(['rm_all', 'rm_one', 'read'].map((name) => permission(rules, { name }))).toEqual(['auto', 'ask', 'deny']);
    expect(permission('a.c=deny', { name: 'abc' })).toBe('auto');
    expect(permission('x=deny,x=auto', {})).toBe('deny');
    expect(permission('', { annotations: { destructiveHint: true } })).toBe('ask');
    expect(permission('', { annotations: { destructiveHint: true } }, 'auto')).toBe('auto');
    expect(permission('', {}, 'ask')).toBe('ask');
  });

  test('refuses rules that are none', () => {
    expect(PolicyRules.safeParse('a=perhaps, b').error?.issues).toHaveLength(2);
  });

  test('denies without asking: the model is not offered the tool, and told if it calls it', async () => {
    const { chat, called, provider } = await start(
      { TOOL_POLICY: 'echo=deny' },
      { calls: [{ name: 'echo', args: {} }] },
      { text: ['No.'] },
    );
    expect((await chat({ message: 'hi' })).body.tool_calls).toMatchObject([{ name: 'echo', status: 'denied' }]);
    const offered = provider.requests[0]?.body.tools.map((tool: { function: { name: string } }) => tool.function.name);
    expect(offered).toEqual(['count', 'hang', 'destroy']);
    expect(called).toEqual([]);
  });

  test('holds for /execute: denied, or asked for and then run once with these arguments', async () => {
    const { middleware, called } = await start({ TOOL_POLICY: 'echo=deny' });
    const execute = (body: object) => post(`${middleware.url}/execute`, body);
    expect(await execute({ name: 'echo', parameters: {} })).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    const refused = await execute({ name: 'destroy', parameters: { text: 'a' } });
    expect(refused).toMatchObject({
      status: 403,
      body: { error: { details: { approval: { id: expect.any(String), expires_at: expect.any(String) } } } },
    });
    const approval = refused.body.error.details.approval.id;
    expect((await execute({ name: 'destroy', parameters: { text: 'b' }, approval })).status).toBe(403);
    expect((await execute({ tool: 'destroy', arguments: { text: 'a' }, approval })).body).toMatchObject({
      is_error: false,
    });
    expect((await execute({ name: 'destroy', parameters: { text: 'a' }, approval })).status).toBe(403);
    expect(called).toEqual([{ name: 'destroy', input: { text: 'a' } }]);
    const { tools } = (await request(`${middleware.url}/tools`)).body;
    expect(tools.map((tool: { name: string; policy: string }) => [tool.name, tool.policy])).toEqual([
      ['echo', 'deny'],
      ['count', 'auto'],
      ['hang', 'auto'],
      ['destroy', 'ask'],
    ]);
  });
});

describe('an approval', () => {
  const tool: Tool = { name: 'rm', description: 'Removes.', input_schema: {}, annotations: {} };
  const runId = 'run_01234567-89ab-cdef-0123-456789abcdef';
  const subject = { runId, callId: 'a', tool, arguments: { path: '/tmp', deep: { a: 1, b: 2 } } };
  const codeOf = (task: () => void) => {
    try {
      task();
      return 'fine';
    } catch (error) {
      return MeshError.from(error).message;
    }
  };

  test('holds for one call of one tool with exactly these arguments, in any order of their keys', () => {
    const approvals = createApprovals();
    const redeem = (change: object) =>
      codeOf(() => approvals.redeem(approvals.issue(subject).id, { ...subject, ...change }));
    expect(redeem({ arguments: { deep: { b: 2, a: 1 }, path: '/tmp' } })).toBe('fine');
    for (const change of [
      { arguments: { path: '/' } },
      { callId: 'b' },
      { tool: { ...tool, name: 'mv' } },
      { tool: { ...tool, description: 'Reads.' } },
    ]) {
      expect(redeem(change)).toContain('not for this call');
    }
  });

  test('is used once, and not after its time', () => {
    let now = 0;
    const approvals = createApprovals({ ttlMs: 1_000, now: () => now });
    const { id, expiresAt } = approvals.issue(subject);
    expect(expiresAt).toBe('1970-01-01T00:00:01.000Z');
    expect(codeOf(() => approvals.redeem(id, subject))).toBe('fine');
    expect(codeOf(() => approvals.redeem(id, subject))).toContain('used before');
    const late = approvals.issue(subject).id;
    now = 1_000;
    expect(codeOf(() => approvals.redeem(late, subject))).toContain('expired');
  });

  test('of another process, or made up, is none', () => {
    const approvals = createApprovals();
    const { id } = createApprovals().issue(subject);
    for (const forged of [id, '', 'run_x', id.replace(/^run_0/, 'run_1')]) {
      expect(codeOf(() => approvals.redeem(forged, subject))).toContain('not for this call');
    }
  });
});
