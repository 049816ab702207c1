import { joinRun } from '@toolmesh/shared/kit/telemetry/request-context';
import { inSpan, openSpan, withSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import type { RunIdentity } from '../run/events.ts';
import type { HubClient } from '../hub-client.ts';
import type { Model } from '../models/model.ts';

/**
 * The spans of a chat, by OpenTelemetry's conventions for generative AI: `invoke_agent` around the run, `chat {model}`
 * for each answer of the model, `execute_tool {name}` for each call. What is said, asked and answered is in none.
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
  return withSpan(`invoke_agent ${AGENT}`, 'internal', attributes, task);
}

/** The same model, each of its answers in a span. */
export const traceModel = (model: Model): Model => ({
  ...model,
  async *respond(request) {
    const started = performance.now();
    const span = openSpan(`chat ${model.name}`, 'client', {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': model.provider,
      'gen_ai.request.model': model.name,
    });
    let hasSpoken = false;
    yield* inSpan(span, model.respond(request), (event) => {
      if (!hasSpoken) span.set({ 'gen_ai.response.time_to_first_chunk': (performance.now() - started) / 1_000 });
      hasSpoken = true;
      if (event.type === 'usage') {
        span.set({ 'gen_ai.usage.input_tokens': event.inputTokens, 'gen_ai.usage.output_tokens': event.outputTokens });
      } else if (event.type === 'finish') span.set({ 'gen_ai.response.finish_reasons': [event.reason] });
    });
  },
});

/** The same way to call tools, each call in a span. Tools are those of the catalogue: no name is made up. */
export const traceTools =
  (callTool: HubClient['callTool']): HubClient['callTool'] =>
  (name, args, context) => {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': 'function',
    };
    return withSpan(`execute_tool ${name}`, 'internal', attributes, async (span) => {
      const result = await callTool(name, args, context);
      if (result.is_error) span.fail('tool_error');
      return result;
    });
  };
