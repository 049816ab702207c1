import { defineRoute, type Route } from '@toolmesh/shared/route';
import { quietContext, ToolResult } from '@toolmesh/shared/tool';
import { z } from 'zod';
import type { HubClient } from '../hub-client.ts';

const Arguments = z.record(z.string(), z.unknown()).default({});

/** Both ways to name a tool and its arguments. */
const ExecuteRequest = z.union([
  z
    .object({ name: z.string().min(1), parameters: Arguments })
    .transform(({ name, parameters }) => ({ tool: name, args: parameters })),
  z
    .object({ tool: z.string().min(1), arguments: Arguments })
    .transform(({ tool, arguments: args }) => ({ tool, args })),
]);

/** `GET /tools` and `POST /execute`: the hub's tools without a model. */
export const toolRoutes = (hub: HubClient): readonly Route[] => [
  defineRoute({
    method: 'get',
    path: '/tools',
    summary: 'The tools, each with the server that has it and how that is',
    handle: async () => ({ tools: await hub.listTools() }),
  }),
  defineRoute({
    method: 'post',
    path: '/execute',
    summary: 'Calls one tool directly',
    input: { body: ExecuteRequest },
    response: ToolResult,
    handle: ({ body, signal }) => hub.callTool(body.tool, body.args, quietContext(signal)),
  }),
];
