import type { z } from 'zod';
import { withDeadline } from '../faults/deadline.ts';
import { invalid, MeshError } from '../faults/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { nearestNames } from '../faults/nearest-names.ts';
import type { Tool } from '../../contracts/tool.ts';
import { jsonSchemaOf, type ToolCatalogue, type ToolContext, type ToolDefinition, ToolFailure } from './tool.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Creates a catalogue of tools that this process runs itself. Arguments are validated, time is limited, calls are counted.
 * @throws Error when two tools share a name, or when model providers would refuse a name.
 */
export function createToolCatalogue(definitions: readonly ToolDefinition[], metrics: Metrics): ToolCatalogue {
  const byName = new Map<string, ToolDefinition>();
  for (const tool of definitions) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(tool.name)) throw new Error(`"${tool.name}" is not a valid tool name`);
    if (byName.has(tool.name)) throw new Error(`Two tools are named "${tool.name}"`);
    byName.set(tool.name, { ...tool, input: tool.input.strict() });
  }
  const tools = [...byName.values()].map(describe);
  const record = toolMetrics(metrics);

  return {
    list: () => tools,
    async call(name, args, context) {
      const tool = byName.get(name);
      if (tool === undefined) throw unknownTool(name, byName.keys());
      const input = tool.input.safeParse(args ?? {});
      if (!input.success) throw invalid('invalid_arguments', `Arguments of ${name}`, input.error);

      const started = performance.now();
      try {
        const output = await runBounded(tool, input.data, context);
        const duration_ms = elapsed(started);
        const is_error = tool.isError?.(output) ?? false;
        record(name, is_error ? 'error' : 'success', duration_ms);
        const content = tool.render?.(output) ?? [{ type: 'text', text: JSON.stringify(output) }];
        return { tool: name, is_error, content: [...content], structured_content: output, duration_ms };
      } catch (error) {
        const duration_ms = elapsed(started);
        record(name, error instanceof ToolFailure ? 'error' : 'failed', duration_ms);
        if (!(error instanceof ToolFailure)) throw error;
        return { tool: name, is_error: true, content: [{ type: 'text', text: error.message }], duration_ms };
      }
    },
  };
}

export function unknownTool(name: string, known: Iterable<string>): MeshError {
  return new MeshError('tool_not_found', `There is no tool named "${name.slice(0, 128)}"`, {
    details: { did_you_mean: nearestNames(name, known) },
  });
}

function describe({ name, title, description, input, output, annotations = {} }: ToolDefinition): Tool {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    input_schema: jsonSchemaOf(input, 'input'),
    output_schema: jsonSchemaOf(output, 'output'),
    annotations,
  };
}

/** Runs a tool under its deadline, even if it ignores its signal. */
async function runBounded(tool: ToolDefinition, input: z.output<z.ZodObject>, context: ToolContext): Promise<unknown> {
  const timeoutMs = tool.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const late = () => new MeshError('upstream_timeout', `${tool.name} did not end within ${timeoutMs} ms`);
  const run = (signal: AbortSignal) => tool.run(input, { ...context, signal });
  return tool.output.parse(await withDeadline({ signal: context.signal, ms: timeoutMs, late }, run));
}

function toolMetrics(metrics: Metrics) {
  const calls = metrics.counter({
    name: 'tool_executions_total',
    help: 'Tool calls that this service ran: success, error (it ran and failed), failed (it did not run)',
    labelNames: ['tool_name', 'status'],
  });
  const seconds = metrics.histogram({
    name: 'tool_execution_seconds',
    help: 'Time of a tool call in this service, in seconds',
    labelNames: ['tool_name'],
  });
  return (tool_name: string, status: 'success' | 'error' | 'failed', durationMs: number) => {
    calls.inc({ tool_name, status });
    seconds.observe({ tool_name }, durationMs / 1_000);
  };
}

/** Returns the milliseconds since `started` (a `performance.now()`), to the microsecond. */
export const elapsed = (started: number): number => Math.round((performance.now() - started) * 1_000) / 1_000;
