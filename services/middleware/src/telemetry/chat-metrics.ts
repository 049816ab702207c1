import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { Model } from '../models/model.ts';
import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import type { RunEvent } from '../run/events.ts';

export type ChatMetrics = ReturnType<typeof createChatMetrics>;

/** Seconds of a model's answer, as the GenAI semantic conventions cut them. */
const MODEL_BUCKETS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/** What the middleware counts (contract, section 7). Names that a caller or a model made up are counted as `other`. */
export function createChatMetrics(metrics: Metrics) {
  const runs = metrics.counter({
    name: 'chat_runs_total',
    help: 'Chats, by how they ended',
    labelNames: ['finish_reason'],
  });
  const active = metrics.gauge({ name: 'chat_runs_active', help: 'Chats being answered now' });
  const toolCalls = metrics.counter({
    name: 'chat_tool_calls_total',
    help: 'Tool calls of models, by how they ended',
    labelNames: ['tool_name', 'status'],
  });
  const operations = metrics.histogram({
    name: 'gen_ai_client_operation_duration_seconds',
    help: 'Time of one answer of a model, in seconds',
    labelNames: ['gen_ai_provider_name', 'gen_ai_request_model'],
    buckets: MODEL_BUCKETS,
  });
  const firstChunk = metrics.histogram({
    name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
    help: 'Time until a model says something, in seconds',
    labelNames: ['gen_ai_provider_name', 'gen_ai_request_model'],
    buckets: MODEL_BUCKETS,
  });
  const tokens = metrics.counter({
    name: 'gen_ai_client_token_usage_total',
    help: 'Tokens that models read (input) and wrote (output)',
    labelNames: ['gen_ai_token_type'],
  });
  const retries = metrics.counter({
    name: 'chat_provider_retries_total',
    help: 'Requests to a provider that were sent again',
    labelNames: ['provider'],
  });

  const approvals = metrics.counter({
    name: 'chat_approvals_total',
    help: 'Approvals of tool calls: requested, approved, denied, void (late, used or of another call)',
    labelNames: ['decision'],
  });
  const truncated = metrics.counter({
    name: 'chat_tool_result_truncated_total',
    help: 'Tool results that were too long for the model and were cut',
  });
  const repaired = metrics.counter({
    name: 'chat_tool_args_repaired_total',
    help: 'Tool calls whose arguments had to be repaired: their syntax, or the type of a value',
    labelNames: ['kind'],
  });

  return {
    countRetry: (provider: string) => retries.inc({ provider }),
    countApproval: (decision: 'requested' | 'approved' | 'denied' | 'void') => approvals.inc({ decision }),

    /** The same model, its answers timed. `label` names it in metrics. */
    timed: (model: Model, label: string): Model => ({
      ...model,
      async *respond(request) {
        const labels = { gen_ai_provider_name: model.provider, gen_ai_request_model: label };
        const stop = operations.startTimer(labels);
        let stopAtFirst: (() => void) | undefined = firstChunk.startTimer(labels);
        try {
          for await (const event of model.respond(request)) {
            stopAtFirst?.();
            stopAtFirst = undefined;
            yield event;
          }
        } finally {
          stop();
        }
      },
    }),

    /** Tells that a run begins; what is returned is to be called with how it ended. */
    startRun(): (reason: FinishReason) => void {
      active.inc();
      return (reason) => {
        active.dec();
        runs.inc({ finish_reason: reason });
      };
    },

    countEvent(event: RunEvent, knownTools: ReadonlySet<string>): void {
      if (event.type === 'tool_result') {
        const { name, status, truncated: isCut } = event.call;
        toolCalls.inc({ tool_name: knownTools.has(name) ? name : 'other', status });
        if (isCut) truncated.inc();
      } else if (event.type === 'tool_call' && event.repair !== undefined) repaired.inc({ kind: event.repair });
      else if (event.type === 'usage') {
        tokens.inc({ gen_ai_token_type: 'input' }, event.inputTokens);
        tokens.inc({ gen_ai_token_type: 'output' }, event.outputTokens);
      }
    },
  };
}
