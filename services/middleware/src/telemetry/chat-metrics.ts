import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { ModelTimers } from '../models/decorators/observed-model.ts';
import type { RunEvent } from '../run/events.ts';

/** The metrics of chats (contract, section 7). Names that a caller or a model made up are counted as `other`. */
export interface ChatMetrics {
  readonly modelTimers: ModelTimers;
  countRetry(provider: string): void;
  /** Counts a part of a conversation that could not be stored. */
  countLostTurn(): void;
  countApproval(decision: 'requested' | 'approved' | 'denied' | 'void'): void;
  /** Counts a run that begins; returns a function that counts how it ended. */
  startRun(): (reason: FinishReason) => void;
  countEvent(event: RunEvent, knownTools: ReadonlySet<string>): void;
}

/** Registers the metrics of chats. */
export function createChatMetrics(metrics: Metrics): ChatMetrics {
  const runs = runMetrics(metrics);
  const calls = callMetrics(metrics);
  const models = modelMetrics(metrics);
  return {
    modelTimers: models,
    countLostTurn: () => runs.lost.inc(),
    countRetry: (provider) => models.retries.inc({ provider }),
    countApproval: (decision) => calls.approvals.inc({ decision }),
    startRun() {
      runs.active.inc();
      return (reason) => {
        runs.active.dec();
        runs.total.inc({ finish_reason: reason });
      };
    },
    countEvent(event, knownTools) {
      if (event.type === 'tool_result') {
        const { name, status, truncated } = event.call;
        calls.total.inc({ tool_name: knownTools.has(name) ? name : 'other', status });
        if (truncated) calls.truncated.inc();
      } else if (event.type === 'tool_call' && event.repair !== undefined) calls.repaired.inc({ kind: event.repair });
      else if (event.type === 'usage') {
        models.tokens.inc({ gen_ai_token_type: 'input' }, event.inputTokens);
        models.tokens.inc({ gen_ai_token_type: 'output' }, event.outputTokens);
      }
    },
  };
}

const runMetrics = (metrics: Metrics) => ({
  total: metrics.counter({
    name: 'chat_runs_total',
    help: 'Chats, by how they ended',
    labelNames: ['finish_reason'],
  }),
  lost: metrics.counter({
    name: 'chat_store_failures_total',
    help: 'Parts of conversations that could not be stored',
  }),
  active: metrics.gauge({ name: 'chat_runs_active', help: 'Chats being answered now' }),
});

const callMetrics = (metrics: Metrics) => ({
  total: metrics.counter({
    name: 'chat_tool_calls_total',
    help: 'Tool calls of models, by how they ended',
    labelNames: ['tool_name', 'status'],
  }),
  approvals: metrics.counter({
    name: 'chat_approvals_total',
    help: 'Approvals of tool calls: requested, approved, denied, void (expired, used before, or for another call)',
    labelNames: ['decision'],
  }),
  truncated: metrics.counter({
    name: 'chat_tool_result_truncated_total',
    help: 'Tool results that were too long for the model and were cut',
  }),
  repaired: metrics.counter({
    name: 'chat_tool_args_repaired_total',
    help: 'Tool calls whose arguments had to be repaired: their syntax, or the type of a value',
    labelNames: ['kind'],
  }),
});

/** Seconds of a model's answer, as the GenAI semantic conventions cut them. */
const MODEL_BUCKETS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

function modelMetrics(metrics: Metrics) {
  return {
    answers: metrics.histogram({
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Time of one answer of a model, in seconds',
      labelNames: ['gen_ai_provider_name', 'gen_ai_request_model'],
      buckets: MODEL_BUCKETS,
    }),
    firstEvents: metrics.histogram({
      name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
      help: 'Time until a model begins to answer, in seconds',
      labelNames: ['gen_ai_provider_name', 'gen_ai_request_model'],
      buckets: MODEL_BUCKETS,
    }),
    tokens: metrics.counter({
      name: 'gen_ai_client_token_usage_total',
      help: 'Tokens that models read (input) and wrote (output)',
      labelNames: ['gen_ai_token_type'],
    }),
    retries: metrics.counter({
      name: 'chat_provider_retries_total',
      help: 'Requests to a provider that were sent again',
      labelNames: ['provider'],
    }),
  };
}
