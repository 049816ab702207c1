import { z } from 'zod';
import type { ContentBlock, JsonSchema, Progress, Tool, ToolAnnotations, ToolResult } from '../../contracts/tool.ts';

/** The context of a running call, besides its arguments. */
export interface ToolContext {
  /** Fires when the caller disconnects or the tool's time is up. */
  readonly signal: AbortSignal;
  /** True when the caller receives progress and chunks. Skip the work of making them when it is false. */
  readonly wantsProgress: boolean;
  /** The conversation that the call belongs to: servers keep their state for it. Nobody can guess it. */
  readonly conversation?: string | undefined;
  /** Reports progress to a caller that wants it. */
  progress(update: Progress): void;
  /** Sends a piece of output to a caller that wants it. */
  chunk(data: unknown): void;
}

/** Returns a context for a caller that wants no progress, such as a plain call over REST. */
export const quietContext = (signal: AbortSignal, conversation?: string): ToolContext => ({
  signal,
  conversation,
  wantsProgress: false,
  progress: () => {},
  chunk: () => {},
});

/** A set of tools that can be listed and called, wherever they run. Every face (REST, SSE, MCP) serves one. */
export interface ToolCatalogue {
  list(): readonly Tool[];
  /**
   * Runs one tool. A tool that ran and failed is a result with `is_error`.
   * @throws MeshError for a call that did not run: unknown tool, bad arguments, unreachable service.
   */
  call(name: string, args: unknown, context: ToolContext): Promise<ToolResult>;
}

/** An error that a tool throws when it ran and could not do its work. The caller gets a result with `is_error`. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
}

/** The part of a tool that callers see, and its time limit. */
export interface ToolDeclaration<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** 1 to 64 of `[A-Za-z0-9_-]`, which every model provider accepts. */
  readonly name: string;
  readonly title?: string;
  /** Text for the model: what the tool does, and when to use it. */
  readonly description: string;
  /** The arguments. Unknown ones are refused by name. */
  readonly input: Input;
  readonly output: Output;
  readonly annotations?: ToolAnnotations;
  /** Time limit of one call. Default: 60 s. */
  readonly timeoutMs?: number;
}

/** A tool that this process runs. */
export interface ToolDefinition<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
> extends ToolDeclaration<Input, Output> {
  run(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>> | z.input<Output>;
  /** Decides if an output is a failure, and so sets `is_error`. Default: never. */
  isError?(output: z.output<Output>): boolean;
  /** Renders the output for a reader without a schema, such as a model. Default: the JSON as text. */
  render?(output: z.output<Output>): readonly ContentBlock[];
}

/**
 * A tool that another of our services runs. That service validates arguments and output; here both pass unread, so that
 * megabytes are not checked twice.
 */
export interface RelayedTool extends ToolDeclaration {
  /** @throws MeshError invalid_arguments when the other service refuses the arguments. */
  relay(args: unknown, context: ToolContext): Promise<ToolResult>;
}

/** Defines a tool: returns it unchanged, and ties `run`, `isError` and `render` to its two schemas at compile time. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodType>(
  tool: ToolDefinition<Input, Output>,
): ToolDefinition {
  // Each call parses its arguments with `input` and its output with `output`, which is what makes this sound.
  return tool;
}

/** Returns the JSON Schema of the arguments (`input`) or of the result (`output`) of a tool. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
