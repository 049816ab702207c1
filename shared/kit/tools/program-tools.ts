import type { JsonSchema } from '../../contracts/tool.ts';
import { isRecord } from '../json/is-record.ts';

/**
 * Tells whether a tool runs programs that may call tools, as `execute_code` does: whatever its name is, it takes `code`,
 * and `tools` that is a boolean or a list.
 */
export function runsPrograms({ properties }: JsonSchema): boolean {
  if (!isRecord(properties) || !('code' in properties) || !isRecord(properties['tools'])) return false;
  const choices = properties['tools']['anyOf'];
  const hasType = (type: string) =>
    Array.isArray(choices) && choices.some((one) => isRecord(one) && one['type'] === type);
  return hasType('boolean') && hasType('array');
}

/** Returns the tools that a call gives to its program: all, or these; undefined for none. */
export function givenTools(args: unknown): true | readonly string[] | undefined {
  const tools = isRecord(args) ? args['tools'] : undefined;
  if (tools === true) return true;
  if (!Array.isArray(tools)) return undefined;
  const names = tools.filter((name) => typeof name === 'string');
  return names.length === 0 ? undefined : names;
}
