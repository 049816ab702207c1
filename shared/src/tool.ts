import { z } from 'zod';

/** A JSON Schema 2020-12 object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a tool says of itself, as in MCP. Hints for policy and retries, never a security boundary. */
export const ToolAnnotations = z.looseObject({
  title: z.string().optional(),
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
});
export type ToolAnnotations = z.output<typeof ToolAnnotations>;

/** One piece of a result, as in MCP: `{type:"text",text}`, `{type:"image",data,mimeType}` and others, passed on as they are. */
export const ContentBlock = z.looseObject({ type: z.string() });
export type ContentBlock = z.output<typeof ContentBlock>;

/** A tool as it is listed (contract, section 2). */
export interface Tool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly input_schema: JsonSchema;
  readonly output_schema?: JsonSchema;
  readonly annotations: ToolAnnotations;
  /** Where a hub has it from, and how that upstream is. */
  readonly server?: string;
  readonly status?: UpstreamStatus;
}

/** `up`; `stale`, when the last look failed but a call may work; `down`. */
export const UpstreamStatus = z.enum(['up', 'stale', 'down']);
export type UpstreamStatus = z.output<typeof UpstreamStatus>;

/** The result of a call that ran, well or badly (contract, section 2). */
export const ToolResult = z.object({
  tool: z.string(),
  is_error: z.boolean(),
  content: z.array(ContentBlock),
  structured_content: z.unknown().optional(),
  duration_ms: z.number(),
});
export type ToolResult = z.output<typeof ToolResult>;

export interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

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
