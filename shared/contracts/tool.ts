import { z } from 'zod';

/** A JSON Schema 2020-12 object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The hints of a tool about itself, as in MCP, for policy and retries. They are never a security boundary. */
export const ToolAnnotations = z.looseObject({
  title: z.string().optional(),
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
});
export type ToolAnnotations = z.output<typeof ToolAnnotations>;

/** One block of a result, as in MCP: `{type:"text",text}`, `{type:"image",data,mimeType}` and others, which pass unchanged. */
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
  /** The upstream that a hub has it from, and the status of that upstream. */
  readonly server?: string;
  readonly status?: UpstreamStatus;
  /** The reason why that upstream is not up, in words for an operator. */
  readonly status_reason?: string;
  /** The upstream's own name for it, if the hub had to change that: a call by it is answered, too. */
  readonly original_name?: string;
}

/** The status of an upstream. `stale` means that the last health check failed and a call may still work. */
export const UpstreamStatus = z.enum(['up', 'stale', 'down']);
export type UpstreamStatus = z.output<typeof UpstreamStatus>;

/** The result of a call that ran, whether it succeeded or failed (contract, section 2). */
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
