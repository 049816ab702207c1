import { randomUUID } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { type Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import { SEARCH_TOOLS } from '@toolmesh/shared/contracts/hub-tools';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { unknownTool } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { z } from 'zod';
import type { HubClient } from '../hub-client.ts';
import type { Approvals } from '../policy/approvals.ts';
import type { Permission } from '../policy/permission.ts';
import { limitProgramTools } from '../policy/program-tools.ts';
import { toolNamed, unwrapCall } from '../policy/resolve-call.ts';

const Arguments = z.record(z.string(), z.unknown()).default({});
const Approval = z.string().min(1).max(256).optional().describe('The id from details.approval of the refusal');

/** The two forms of a direct call. */
const ExecuteRequest = z.union([
  z
    .object({ name: z.string().min(1), parameters: Arguments, approval: Approval })
    .transform(({ name, parameters, approval }) => ({ tool: name, args: parameters, approval })),
  z
    .object({ tool: z.string().min(1), arguments: Arguments, approval: Approval })
    .transform(({ tool, arguments: args, approval }) => ({ tool, args, approval })),
]);

export interface ToolRouteParts {
  readonly hub: HubClient;
  readonly approvals: Approvals;
  readonly permissionOf: (tool: Tool) => Permission;
  readonly countApproval: (decision: 'requested' | 'approved' | 'void') => void;
}

/** `GET /tools` and `POST /execute`: the hub's tools without a model, under the same policy. */
export const toolRoutes = ({ hub, permissionOf, ...parts }: ToolRouteParts): readonly Route[] => [
  defineRoute({
    method: 'get',
    path: '/tools',
    summary: 'The tools, each with its server, the server’s status, and whether it may run (policy)',
    handle: async () => ({
      tools: (await hub.listTools()).map((tool) => ({ ...tool, policy: permissionOf(tool) })),
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/execute',
    summary: 'Calls one tool directly',
    input: { body: ExecuteRequest },
    response: ToolResult,
    handle: async ({ body, signal }) => {
      const { name, args } = unwrapCall({ name: body.tool, args: body.args });
      if (name === SEARCH_TOOLS) return hub.callTool(name, args, quietContext(signal));
      const tool = await findTool(hub, name);
      checkPermission({ args, approval: body.approval, tool }, permissionOf(tool), parts);
      const listed = await hub.listTools();
      return hub.callTool(tool.name, limitProgramTools(tool, args, { listed, permissionOf }), quietContext(signal));
    },
  }),
];

/** Returns a tool of the hub. One that is not known yet may be new. @throws MeshError tool_not_found */
async function findTool(hub: HubClient, name: string): Promise<Tool> {
  const known = toolNamed(await hub.listTools(), name);
  if (known !== undefined) return known;
  const tools = await hub.listToolsNow();
  const found = toolNamed(tools, name);
  if (found !== undefined) return found;
  throw unknownTool(
    name,
    tools.map((tool) => tool.name),
  );
}

interface Request {
  readonly tool: Tool;
  readonly args: unknown;
  readonly approval: string | undefined;
}

/** @throws MeshError forbidden for a tool that may not run, or not without an approval of this very call. */
function checkPermission(
  { tool, args, approval }: Request,
  permission: Permission,
  { approvals, countApproval }: Pick<ToolRouteParts, 'approvals' | 'countApproval'>,
): void {
  if (permission === 'auto') return;
  if (permission === 'deny') throw new MeshError('forbidden', `${tool.name} may not be used here`);
  const subject = { callId: '', tool, arguments: args };
  if (approval === undefined) {
    const { id, expiresAt } = approvals.issue({ ...subject, runId: `exec_${randomUUID()}` });
    countApproval('requested');
    throw new MeshError('forbidden', `${tool.name} needs an approval: send the same call again with "approval"`, {
      details: { approval: { id, expires_at: expiresAt } },
    });
  }
  try {
    approvals.redeem(approval, subject);
    countApproval('approved');
  } catch (error) {
    countApproval('void');
    throw error;
  }
}
