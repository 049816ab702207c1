import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { CHECK_PACKAGE_TOOL, INSTALL_PACKAGE_TOOL, LIST_PACKAGES_TOOL } from '@toolmesh/shared/contracts/packages';
import { defineTool, ToolFailure, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import type { SandboxClient } from './sandbox-client.ts';

/** The sandbox's tools for packages, forwarded. */
export const packageTools = (sandbox: SandboxClient): readonly ToolDefinition[] => [
  defineTool({
    ...INSTALL_PACKAGE_TOOL,
    run: (request, { signal }) => sandbox.callTool(INSTALL_PACKAGE_TOOL, request, signal).catch(explainFailure),
  }),
  defineTool({
    ...CHECK_PACKAGE_TOOL,
    run: (request, { signal }) => sandbox.callTool(CHECK_PACKAGE_TOOL, request, signal).catch(explainFailure),
  }),
  defineTool({
    ...LIST_PACKAGES_TOOL,
    run: (request, { signal }) => sandbox.callTool(LIST_PACKAGES_TOOL, request, signal).catch(explainFailure),
  }),
];

function explainFailure(error: unknown): never {
  if (!(error instanceof MeshError) || error.code === 'internal') throw error;
  throw new ToolFailure(`The sandbox did not look at the package: ${error.message}`, { cause: error });
}
