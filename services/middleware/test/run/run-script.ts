import { setTimeout as sleep } from 'node:timers/promises';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { encodeJson } from '../../src/encoders/json.ts';
import { type RunLimits, type RunOptions, runAgent } from '../../src/run/agent-loop.ts';
import { scriptedModel } from './scripted-model.ts';

/** Tools that only echo, wait, fail or never end. */
export const tools: readonly Tool[] = ['add', 'wait', 'fail', 'forever'].map((name) => ({
  name,
  description: '',
  input_schema: { type: 'object' },
  annotations: {},
}));

export const result = (tool: string, text: string, is_error = false) => ({
  tool,
  is_error,
  content: [{ type: 'text', text }],
  duration_ms: 1,
});

export async function callTool(name: string, args: unknown, { signal }: ToolContext) {
  if (name === 'fail') return result(name, 'it broke', true);
  if (name === 'forever') await new Promise(() => {});
  if (name === 'wait') await sleep(100, undefined, { signal });
  return result(name, JSON.stringify(args));
}

export const shown = { session_id: 's', run_id: 'r', provider: 'demo', model: 'm', trace_id: 't' };
export const identity = { ...shown, message_id: 'msg' };

const limits: RunLimits = { maxSteps: 5, maxToolCalls: 32, maxTokens: 1_000_000, maxMs: 60_000 };

type Options = Partial<Omit<RunOptions, 'limits'>> & { readonly limits?: Partial<RunLimits> };

/** Runs a scripted model with these tools; `requests` is what it was asked. */
export function start(answers: Parameters<typeof scriptedModel>[0], { limits: some, ...options }: Options = {}) {
  const { model, requests } = scriptedModel(answers);
  const events = runAgent({
    model,
    messages: [{ role: 'user', content: 'go' }],
    tools,
    externalTools: [],
    callTool,
    permissionOf: () => 'auto',
    wantsProgress: false,
    limits: { ...limits, ...some },
    signal: new AbortController().signal,
    ...options,
  });
  return { events, requests };
}

/** The same, as one answer. */
export function run(...args: Parameters<typeof start>) {
  const { events, requests } = start(...args);
  return { answer: encodeJson(events, identity), requests };
}
