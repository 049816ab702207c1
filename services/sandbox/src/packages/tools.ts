import { CHECK_PACKAGE_TOOL, INSTALL_PACKAGE_TOOL, LIST_PACKAGES_TOOL } from '@toolmesh/shared/contracts/packages';
import { defineTool, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import type { Packages } from './packages.ts';

/** The tools that models and people manage packages with. */
export const packageTools = (packages: Packages): readonly ToolDefinition[] => [
  defineTool({ ...INSTALL_PACKAGE_TOOL, run: (request, { signal }) => packages.install(request, signal) }),
  defineTool({ ...CHECK_PACKAGE_TOOL, run: (request, { signal }) => packages.check(request, signal) }),
  defineTool({ ...LIST_PACKAGES_TOOL, run: async () => ({ packages: await packages.list() }) }),
];
