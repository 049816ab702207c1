import { joinRun } from '@toolmesh/shared/kit/telemetry/request-context';
import { withSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import type { HubClient } from '../hub-client.ts';
import type { RunIdentity } from '../run/events.ts';

/**
 * The spans of a chat, by OpenTelemetry's conventions for generative AI: `invoke_agent` around the run, `chat {model}`
 * for each answer of the model (`observeModel`), `execute_tool {name}` for each call. None records prompts, arguments
 * or answers.
 */
const AGENT = 'toolmesh';

/** Runs `task` as the run that `identity` names: in its span, with its id on each log line and call. */
export function traceRun<T>({ run_id, session_id, provider, model }: RunIdentity, task: () => Promise<T>): Promise<T> {
  const attributes = {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': AGENT,
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': model,
    'gen_ai.conversation.id': session_id,
    'toolmesh.run_id': run_id,
  };
  joinRun(run_id);
  return withSpan({ name: `invoke_agent ${AGENT}`, kind: 'internal', attributes }, task);
}

/** Puts each call of a tool in a span. Names are those of the hub's tools: none is made up by a model. */
export const traceTools =
  (callTool: HubClient['callTool']): HubClient['callTool'] =>
  (name, args, context) => {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': 'function',
    };
    return withSpan({ name: `execute_tool ${name}`, kind: 'internal', attributes }, async (span) => {
      const result = await callTool(name, args, context);
      if (result.is_error) span.fail('tool_error');
      return result;
    });
  };
