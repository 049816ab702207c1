import type { Tool as McpTool } from '@modelcontextprotocol/client';
import { z } from 'zod';

const Property = z.looseObject({ 'x-mcp-header': z.string().optional(), properties: z.unknown().optional() });
const Properties = z.record(z.string(), Property);

/**
 * The `Mcp-Param-*` headers that a tool's schema asks for (`x-mcp-header`, SEP-2243): arguments of plain types, told
 * beside the body so that what stands between need not read it.
 */
export function paramHeaders(tool: McpTool | undefined, args: unknown): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  collect(tool?.inputSchema, args, headers);
  return Object.keys(headers).length === 0 ? undefined : headers;
}

function collect(schema: unknown, value: unknown, headers: Record<string, string>): void {
  const properties = Properties.safeParse(
    z.looseObject({ properties: z.unknown() }).safeParse(schema).data?.properties,
  );
  const given = z.record(z.string(), z.unknown()).safeParse(value);
  if (!properties.success || !given.success) return;
  for (const [key, property] of Object.entries(properties.data)) {
    const argument = given.data[key];
    const name = property['x-mcp-header'];
    if (name !== undefined && isPlain(argument)) headers[`Mcp-Param-${name}`] = encodeHeaderValue(String(argument));
    if (property.properties !== undefined) collect(property, argument, headers);
  }
}

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** As it stands where a header can carry it unchanged, else `=?base64?…?=` of its UTF-8. */
export function encodeHeaderValue(text: string): string {
  const isSafe = /^[\u0021-\u007E](?:[\u0020-\u007E]*[\u0021-\u007E])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isSafe ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
