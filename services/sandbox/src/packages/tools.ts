import {
  CHECK_PACKAGE_TOOL,
  INSTALL_PACKAGE_TOOL,
  INSTALL_TIMEOUT_MS,
  LIST_PACKAGES_TOOL,
} from '@toolmesh/shared/contracts/packages';
import { defineTool, type ToolContext, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import type { Packages, Waiting } from './packages.ts';

/** A caller that sees progress does not take a long install for a dead one, and waits nearly as long as the tool may take. */
const PATIENT_WAIT_MS = INSTALL_TIMEOUT_MS - 20_000;

const waitingOf = ({ wantsProgress, progress }: ToolContext): Waiting =>
  wantsProgress
    ? {
        waitMs: PATIENT_WAIT_MS,
        onProgress: ({ done, total, message }) =>
          progress({ progress: done, message, ...(total === undefined ? {} : { total }) }),
      }
    : {};

/** The tools that models and people manage packages with. */
export const packageTools = (packages: Packages): readonly ToolDefinition[] => [
  defineTool({
    ...INSTALL_PACKAGE_TOOL,
    run: (request, context) => packages.install(request, context.signal, waitingOf(context)),
  }),
  defineTool({ ...CHECK_PACKAGE_TOOL, run: (request, { signal }) => packages.check(request, signal) }),
  defineTool({ ...LIST_PACKAGES_TOOL, run: async () => ({ packages: await packages.list() }) }),
];
