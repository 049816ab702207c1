import { MeshError } from '@toolmesh/shared/errors';
import { type Tool, type ToolContext, type ToolResult, quietContext } from '@toolmesh/shared/tool';
import { elapsed, unknownTool } from '@toolmesh/shared/tool-catalogue';
import type { ModelToolCall } from '../models/model.ts';
import type { FinishedCall, ToolCallStatus, ToolOutcome } from './events.ts';

export type CallTool = (name: string, args: unknown, context: ToolContext) => Promise<ToolResult>;

/** A finished call, and what the model is told of it. */
export interface ToldCall {
  readonly call: FinishedCall;
  readonly text: string;
}

/** A call with its arguments read, or the reason why they cannot be. */
export interface PreparedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  /** Why it is not to be run. */
  readonly problem?: MeshError;
  /** Whether that is a bound of the run rather than a fault of the call. */
  readonly skipped?: boolean;
}

/** Reads the arguments of a call as a model sent them: text or a value, which has to be an object. Null is not one. */
export function prepareCall({ id, name, arguments: sent }: ModelToolCall, tools: readonly Tool[]): PreparedCall {
  const args = typeof sent === 'string' ? parseArguments(sent) : { value: sent };
  const known = tools.some((tool) => tool.name === name);
  if (!known) {
    const problem = unknownTool(
      name,
      tools.map((tool) => tool.name),
    );
    return { id, name, arguments: args.value ?? sent, problem };
  }
  if (typeof args.value === 'object' && args.value !== null && !Array.isArray(args.value)) {
    return { id, name, arguments: args.value };
  }
  const came = typeof sent === 'string' ? `"${sent.slice(0, 200)}"` : JSON.stringify(sent)?.slice(0, 200);
  const problem = new MeshError('invalid_arguments', `The arguments of ${name} must be one JSON object; came ${came}`);
  return { id, name, arguments: sent, problem };
}

function parseArguments(text: string): { readonly value?: unknown } {
  if (text.trim() === '') return { value: {} };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return {};
  }
}

/** Runs a prepared call. Whatever goes wrong is told, to the model and to the caller, and never thrown. */
export async function runCall(prepared: PreparedCall, callTool: CallTool, signal: AbortSignal): Promise<ToldCall> {
  const { id, name, arguments: args, problem, skipped = false } = prepared;
  const started = performance.now();
  const finish = (status: ToolCallStatus, result: ToolOutcome, fullText: string): ToldCall => {
    const { text, truncated } = capForModel(fullText);
    return { call: { id, name, arguments: args, status, result, durationMs: elapsed(started), truncated }, text };
  };
  try {
    if (problem !== undefined) throw problem;
    const result = await callTool(name, args, quietContext(signal));
    return finish(result.is_error ? 'error' : 'ok', result, textOf(result));
  } catch (thrown) {
    const error = signal.aborted ? new MeshError('unavailable', 'The call was cancelled') : MeshError.from(thrown);
    const { code, message, details } = error.toBody().error;
    const hint = details === undefined ? '' : ` ${JSON.stringify(details)}`;
    return finish(
      statusOf(error, skipped || signal.aborted),
      { error: { code, message } },
      `Error ${code}: ${message}${hint}`,
    );
  }
}

function statusOf({ code }: MeshError, skipped: boolean): ToolCallStatus {
  if (skipped) return 'skipped';
  return code === 'upstream_timeout' ? 'timeout' : 'error';
}

/** All that a result says, for a reader of text. */
function textOf({ content, is_error }: ToolResult): string {
  const parts = content.map((block) => (typeof block['text'] === 'string' ? block['text'] : `[${describe(block)}]`));
  const text = parts.join('\n');
  return is_error ? `The tool failed.\n${text}` : text;
}

const describe = (block: ToolResult['content'][number]): string =>
  [block.type, block['mimeType']].filter((part) => typeof part === 'string').join(' ');

const MAX_RESULT_CHARS = 32_000;

/** The first three quarters and the last quarter of a text that would fill the model's context. */
function capForModel(text: string): { readonly text: string; readonly truncated: boolean } {
  if (text.length <= MAX_RESULT_CHARS) return { text, truncated: false };
  const head = text.slice(0, MAX_RESULT_CHARS * 0.75);
  const tail = text.slice(-MAX_RESULT_CHARS * 0.25);
  return { text: `${head}\n[... ${text.length - MAX_RESULT_CHARS} characters left out ...]\n${tail}`, truncated: true };
}
