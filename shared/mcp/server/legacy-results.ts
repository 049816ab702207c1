import { isRecord } from '../../kit/json/is-record.ts';
import type { McpResult, McpTool } from '../protocol.ts';

/**
 * Returns the result of a tool call as clients before 2026-07-28 take it: structured content that is no object, or whose
 * schema may allow others, is put into one, and text says the same.
 */
export function toLegacyResult(result: McpResult, tool: McpTool | undefined): McpResult {
  const { structuredContent } = result;
  if (structuredContent === undefined) return result;
  const isObject = isRecord(structuredContent);
  if (isObject && !isWrapped(tool)) return result;
  return {
    ...result,
    ...(isObject ? {} : { content: withText(result['content'], structuredContent) }),
    structuredContent: { result: structuredContent },
  };
}

function withText(content: unknown, value: unknown): unknown {
  if (content !== undefined && !Array.isArray(content)) return content;
  const blocks: readonly unknown[] = content ?? [];
  if (blocks.some((block) => isRecord(block) && block['type'] === 'text')) return blocks;
  return [...blocks, { type: 'text', text: JSON.stringify(value) }];
}

const isWrapped = (tool: McpTool | undefined): boolean =>
  tool?.outputSchema !== undefined && tool.outputSchema['type'] !== 'object';

const converted = new WeakMap<readonly McpTool[], readonly McpTool[]>();

/** Returns tools as clients before 2026-07-28 take them: all output schemas are those of objects. */
export function toLegacyTools(tools: readonly McpTool[]): readonly McpTool[] {
  const known = converted.get(tools);
  if (known !== undefined) return known;
  const made = tools.some(isWrapped) ? tools.map((tool) => (isWrapped(tool) ? withWrappedSchema(tool) : tool)) : tools;
  converted.set(tools, made);
  return made;
}

function withWrappedSchema({ outputSchema = {}, ...tool }: McpTool): McpTool {
  const { $schema } = outputSchema;
  return {
    ...tool,
    outputSchema: {
      ...(typeof $schema === 'string' ? { $schema } : {}),
      type: 'object',
      properties: { result: hasOwnBase(outputSchema) ? outputSchema : moved(outputSchema, false) },
      required: ['result'],
    },
  };
}

/** A schema with an `$id` that is more than a fragment resolves its references against that, wherever it stands. */
const hasOwnBase = ({ $id }: McpResult): boolean =>
  $id !== undefined && !(typeof $id === 'string' && $id.startsWith('#'));

/** Keywords whose values are data, in which `$ref` is a key like any other. */
const DATA = new Set(['const', 'enum', 'default', 'examples']);
/** Keywords whose values have schemas under names of their author. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies']);

/** Returns a schema whose references lead to the same places once it stands at `#/properties/result`. */
function moved(node: unknown, isNameMap: boolean): unknown {
  if (Array.isArray(node)) return node.map((item) => moved(item, false));
  if (!isRecord(node) || (!isNameMap && hasOwnBase(node))) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, isNameMap ? moved(value, false) : movedKeyword(key, value)]),
  );
}

function movedKeyword(key: string, value: unknown): unknown {
  if ((key === '$ref' || key === '$dynamicRef') && typeof value === 'string') {
    return value === '#' || value.startsWith('#/') ? `#/properties/result${value.slice(1)}` : value;
  }
  return DATA.has(key) ? value : moved(value, NAMED.has(key));
}
