import { TOOL_CALL_LIMITS } from '@toolmesh/shared/contracts/execution';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { givenTools, runsPrograms } from '@toolmesh/shared/kit/tools/program-tools';
import { identifierOf } from '@toolmesh/shared/kit/stubs/identifiers';
import { unknownTool } from '@toolmesh/shared/kit/tools/tool-catalogue';
import type { CallTool } from '../run/calls/run-call.ts';
import type { Permission } from './permission.ts';
import { toolNamed } from './resolve-call.ts';

export interface ProgramToolsOptions {
  /** The tools of the hub. */
  readonly listed: readonly Tool[];
  /** Those of them that may be called here. Default: all. */
  readonly tools?: readonly Tool[];
  readonly permissionOf: (tool: Tool) => Permission;
}

/**
 * Calls tools so that the programs among them (`execute_code`) may call what the policy lets run without a question, and
 * nothing else: nobody can be asked while a program runs.
 */
export const withProgramTools =
  (callTool: CallTool, options: ProgramToolsOptions): CallTool =>
  (name, args, context) => {
    const tool = toolNamed(options.listed, name);
    return callTool(name, tool === undefined ? args : limitProgramTools(tool, args, options), context);
  };

/**
 * Returns the arguments of a call with `tools` reduced to those that its program may call.
 * @throws MeshError forbidden for a tool that needs an approval or is denied, tool_not_found for one that is not here
 */
export function limitProgramTools(tool: Tool, args: unknown, options: ProgramToolsOptions): unknown {
  const given = givenTools(args);
  if (given === undefined || !runsPrograms(tool.input_schema)) return args;
  const { listed, tools: here = listed, permissionOf } = options;
  const allowed = here.filter((one) => permissionOf(one) === 'auto');
  if (given === true && allowed.length === listed.length) return args;
  const names = given === true ? allowed.map(({ name }) => name) : given.map((name) => check(name, here, permissionOf));
  if (names.length === 0) throw new MeshError('forbidden', `${tool.name}: a program may call no tool here`);
  return { ...Object(args), tools: names.slice(0, TOOL_CALL_LIMITS.names) };
}

function check(given: string, tools: readonly Tool[], permissionOf: ProgramToolsOptions['permissionOf']): string {
  const tool = toolNamed(tools, given) ?? tools.find(({ name }) => identifierOf(name) === given);
  if (tool === undefined) {
    throw unknownTool(
      given,
      tools.map(({ name }) => name),
    );
  }
  const { name } = tool;
  const permission = permissionOf(tool);
  if (permission === 'auto') return name;
  throw new MeshError(
    'forbidden',
    permission === 'deny'
      ? `tools: ${name} may not be used here`
      : `tools: ${name} needs the user's approval, which a program cannot request; leave it out and call it by itself`,
  );
}
