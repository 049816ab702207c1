import type { ContentBlock, Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';

/** A result as a program gets it: a value, blocks of content, or the text of an error. */
export type ResultAnswer =
  | { readonly value: unknown }
  | { readonly content: readonly ContentBlock[] }
  | { readonly error: string };

const MAX_ERROR_CHARS = 8_000;

/** Returns the structured content of a result where it has one, else its text, else its blocks. */
export function answerOf(result: ToolResult, { name, output_schema }: Tool): ResultAnswer {
  const { is_error, content, structured_content } = result;
  const texts = content.map(textOf).filter((text) => text !== undefined);
  if (is_error) return { error: (texts.join('\n') || `${name} failed`).slice(0, MAX_ERROR_CHARS) };
  if (structured_content !== undefined) return { value: unwrapped(structured_content, output_schema) };
  if (texts.length === content.length && texts.length < 2) return { value: texts[0] ?? null };
  return { content };
}

const textOf = ({ type, text }: ContentBlock): string | undefined =>
  type === 'text' && typeof text === 'string' ? text : undefined;

/** Returns what a tool returned that FastMCP put into an object, as structured content has to be one. */
function unwrapped(value: unknown, schema: Tool['output_schema']): unknown {
  return schema?.['x-fastmcp-wrap-result'] === true && isRecord(value) && 'result' in value ? value['result'] : value;
}
