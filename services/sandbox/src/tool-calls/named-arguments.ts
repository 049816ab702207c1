import type { Tool } from '@toolmesh/shared/contracts/tool';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { identifierOf } from '@toolmesh/shared/kit/stubs/identifiers';
import type { ToolCallMessage } from './call-message.ts';

/** Arguments by their own names, or the reason why a tool cannot be called with those that came. */
export type NamedArguments = { readonly args: Readonly<Record<string, unknown>> } | { readonly problem: string };

/**
 * Returns the arguments of a call as the tool names them: `from_` is `from`, and an argument without a name is the only
 * parameter, or the only required one.
 */
export function nameArguments({ name, input_schema }: Tool, call: ToolCallMessage): NamedArguments {
  const properties = isRecord(input_schema['properties']) ? Object.keys(input_schema['properties']) : [];
  const known = new Set(properties);
  const byIdentifier = new Map(properties.map((property) => [identifierOf(property), property]));
  const args = Object.fromEntries(
    Object.entries(call.arguments).map(([key, value]) => [
      known.has(key) ? key : (byIdentifier.get(key) ?? key),
      value,
    ]),
  );
  const [value, ...none] = call.positional;
  if (call.positional.length === 0 || none.length > 0) return { args };
  const required = Array.isArray(input_schema['required']) ? input_schema['required'].map(String) : [];
  const [only] = properties.length === 1 ? properties : required;
  const isClear = only !== undefined && (properties.length === 1 || required.length === 1);
  if (isClear && !Object.hasOwn(args, only)) return { args: { ...args, [only]: value } };
  const names = properties.slice(0, 20).join(', ');
  return { problem: `${name} takes its arguments by name${names === '' ? '' : `: ${names}`}` };
}
