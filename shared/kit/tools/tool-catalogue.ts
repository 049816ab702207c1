import { withDeadline } from '../faults/deadline.ts';
import { checkInput, MeshError } from '../faults/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { approximate } from '../json/exact-json.ts';
import { nearestNames } from '../faults/nearest-names.ts';
import type { Tool, ToolResult } from '../../contracts/tool.ts';
import {
  jsonSchemaOf,
  type RelayedTool,
  type ToolCatalogue,
  type ToolContext,
  type ToolDeclaration,
  type ToolDefinition,
  ToolFailure,
} from './tool.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

/** A tool of a catalogue: its own, or one that it passes on. */
export type CatalogueTool = ToolDefinition | RelayedTool;

/**
 * Creates a catalogue of the tools of this process. Arguments and outputs are validated, except for those of relayed
 * tools; time is limited, calls are counted.
 * @throws Error when two tools share a name, or when model providers would refuse a name.
 */
export function createToolCatalogue(definitions: readonly CatalogueTool[], metrics: Metrics): ToolCatalogue {
  const byName = new Map<string, CatalogueTool>();
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
      const task = taskOf(tool, args ?? {});

      const started = performance.now();
      try {
        const { is_error, content, structured_content } = await runBounded(tool, context, task);
        const duration_ms = elapsed(started);
        record(name, is_error ? 'error' : 'success', duration_ms);
        return { tool: name, is_error, content, structured_content, duration_ms };
      } catch (error) {
        // Arguments that a relayed tool's service refuses are no call, as those that are refused here.
        if ('relay' in tool && error instanceof MeshError && error.code === 'invalid_arguments') throw error;
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

function describe({ name, title, description, input, output, annotations = {} }: ToolDeclaration): Tool {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    input_schema: jsonSchemaOf(input, 'input'),
    output_schema: jsonSchemaOf(output, 'output'),
    annotations,
  };
}

type Task = (context: ToolContext) => Promise<Omit<ToolResult, 'tool' | 'duration_ms'>>;

/** Returns what a call runs. @throws MeshError invalid_arguments */
function taskOf(tool: CatalogueTool, args: unknown): Task {
  if ('relay' in tool) return (context) => tool.relay(args, context);
  const input = checkInput(tool.input, approximate(args), {
    code: 'invalid_arguments',
    subject: `Arguments of ${tool.name}`,
  });
  return async (context) => {
    const output = tool.output.parse(await tool.run(input, context));
    const content = tool.render?.(output) ?? [{ type: 'text', text: JSON.stringify(output) }];
    return { is_error: tool.isError?.(output) ?? false, content: [...content], structured_content: output };
  };
}

/** Runs a task under its tool's deadline, even if it ignores its signal. */
function runBounded({ name, timeoutMs = DEFAULT_TIMEOUT_MS }: ToolDeclaration, context: ToolContext, task: Task) {
  const late = () => new MeshError('upstream_timeout', `${name} did not end within ${timeoutMs} ms`);
  const deadline = { signal: context.signal, ms: timeoutMs, late };
  return withDeadline(deadline, (signal) => task({ ...context, signal }));
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
