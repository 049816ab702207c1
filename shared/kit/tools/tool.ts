import { z } from 'zod';
import type { ContentBlock, JsonSchema, Progress, Tool, ToolAnnotations, ToolResult } from '../../contracts/tool.ts';

/** What a running call is given besides its arguments. */
export interface ToolContext {
  /** Aborts when the caller goes away or the tool's time is up. */
  readonly signal: AbortSignal;
  /** Whether the caller listens to what comes before the result; one that does not need not be told. */
  readonly isListening: boolean;
  /** Tells a listening caller how far the call is. */
  progress(update: Progress): void;
  /** Hands a listening caller a piece of output as it comes. */
  chunk(data: unknown): void;
}

/** A context of a caller that listens to nothing: a plain call over REST. */
export const quietContext = (signal: AbortSignal): ToolContext => ({
  signal,
  isListening: false,
  progress: () => {},
  chunk: () => {},
});

/** Tools that can be listed and called, wherever they run: what every face (REST, SSE, MCP) is built on. */
export interface ToolCatalogue {
  list(): readonly Tool[];
  /**
   * Runs one tool. A tool that ran and failed is a result with `is_error`.
   * @throws MeshError for a call that did not run: no such tool, bad arguments, service out of reach.
   */
  call(name: string, args: unknown, context: ToolContext): Promise<ToolResult>;
}

/** Thrown by a tool that could not do what it was asked: told to the caller as a result with `is_error`. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
}

export interface ToolDefinition<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** 1 to 64 of `[A-Za-z0-9_-]`, which is what every model provider accepts. */
  readonly name: string;
  readonly title?: string;
  /** For the model: what the tool does and when to use it. */
  readonly description: string;
  /** The arguments. Unknown ones are refused by name. */
  readonly input: Input;
  readonly output: Output;
  readonly annotations?: ToolAnnotations;
  /** How long one call may take in all. Default: 60 s. */
  readonly timeoutMs?: number;
  run(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>> | z.input<Output>;
  /** Whether an output tells of a failure of what was asked. Default: never. */
  isError?(output: z.output<Output>): boolean;
  /** The output for a reader without a schema, such as a model. Default: the JSON as text. */
  render?(output: z.output<Output>): readonly ContentBlock[];
}

/** Identity at run time; at compile time it ties `run`, `isError` and `render` to the two schemas. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodType>(
  tool: ToolDefinition<Input, Output>,
): ToolDefinition {
  // Each call parses its arguments with `input` and its output with `output`, which is what makes this sound.
  return tool;
}

/** The JSON Schema of what a tool takes (`input`) or gives (`output`). */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
