import {
  EXECUTE_CODE_TOOL,
  EXECUTE_TIMEOUT_MS,
  ExecuteArguments,
  mostWaitedMs,
} from '@toolmesh/shared/contracts/execution';
import {
  CHECK_PACKAGE_TOOL,
  INSTALL_PACKAGE_TOOL,
  INSTALL_TIMEOUT_MS,
  LIST_PACKAGES_TOOL,
} from '@toolmesh/shared/contracts/packages';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { type RelayedTool, type ToolDeclaration, ToolFailure } from '@toolmesh/shared/kit/tools/tool';
import type { SandboxClient } from './sandbox-client.ts';

/** Time allowed beyond a run's own timeout: the wait for a free worker, and a margin. */
const MARGIN_MS = 12_500;
const TimeArguments = ExecuteArguments.pick({ timeout_ms: true, packages: true });

/** The tools of the sandbox, which validates their arguments and outputs: both pass as they are. */
export const sandboxTools = (sandbox: SandboxClient): readonly RelayedTool[] => [
  relayed(sandbox, EXECUTE_CODE_TOOL, { failed: 'The code was not run', timeFor: executionTime }),
  ...[INSTALL_PACKAGE_TOOL, CHECK_PACKAGE_TOOL, LIST_PACKAGES_TOOL].map((tool) =>
    relayed(sandbox, tool, { failed: 'The sandbox did not look at the package', timeFor: () => INSTALL_TIMEOUT_MS }),
  ),
];

/** Returns the time for a program. Packages may have to be installed first, which takes what it takes. */
function executionTime(args: unknown): number {
  const parsed = TimeArguments.safeParse(args);
  if (!parsed.success) return EXECUTE_TIMEOUT_MS;
  const { packages = [], timeout_ms } = parsed.data;
  return packages.length === 0 ? timeout_ms + mostWaitedMs(timeout_ms) + MARGIN_MS : EXECUTE_TIMEOUT_MS;
}

interface RelayOptions {
  /** Begins the text for a call that the sandbox did not run. */
  readonly failed: string;
  /** Returns the milliseconds that a call with these arguments may take. */
  readonly timeFor: (args: unknown) => number;
}

function relayed(sandbox: SandboxClient, tool: ToolDeclaration, { failed, timeFor }: RelayOptions): RelayedTool {
  const input = tool.input.strict();
  return {
    ...tool,
    async relay(args, context) {
      try {
        return await sandbox.callTool({ tool: tool.name, args, totalMs: timeFor(args) }, context);
      } catch (error) {
        if (!(error instanceof MeshError) || error.code === 'internal') throw error;
        // Arguments that break the schema are the caller's fault. Anything else that keeps the sandbox from running a
        // call (it is down, slow or full, it refuses a package) is something that a model can be told, and act on.
        if (error.code === 'invalid_arguments' && !input.safeParse(args).success) throw error;
        const pause = error.retryAfterSeconds === undefined ? '' : ` Try again in ${error.retryAfterSeconds} s.`;
        throw new ToolFailure(`${failed}: ${error.message}.${pause}`, { cause: error });
      }
    },
  };
}
