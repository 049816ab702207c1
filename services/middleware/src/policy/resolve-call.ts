import { CALL_TOOL, isHubTool } from '@toolmesh/shared/contracts/hub-tools';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { checkInput, MeshError } from '@toolmesh/shared/kit/faults/errors';
import { ReceivedCall } from '@toolmesh/shared/kit/search/hub-tools';

/** A call as it was asked for. */
export interface NamedCall {
  readonly name: string;
  readonly args: unknown;
}

/**
 * Returns the call that is meant: for one of `call_tool`, that of the tool in its arguments. Policies and approvals are
 * about that one.
 * @throws MeshError invalid_arguments for one that names no tool, or one of the hub's own
 */
export function unwrapCall({ name, args }: NamedCall): NamedCall {
  if (name !== CALL_TOOL) return { name, args };
  const subject = `Arguments of ${CALL_TOOL}`;
  const inner = checkInput(ReceivedCall, args ?? {}, { code: 'invalid_arguments', subject });
  if (!isHubTool(inner.name)) return { name: inner.name, args: inner.arguments };
  throw new MeshError('invalid_arguments', `${CALL_TOOL} cannot call ${inner.name}: call it by itself`);
}

/** Returns the tool of a name: the hub's, or that of its server if the hub had to change it and one tool alone has it. */
export function toolNamed(tools: readonly Tool[], name: string): Tool | undefined {
  const exact = tools.find((tool) => tool.name === name);
  if (exact !== undefined) return exact;
  const [only, ...others] = tools.filter((tool) => tool.original_name === name);
  return others.length === 0 ? only : undefined;
}
