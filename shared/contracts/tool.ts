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
