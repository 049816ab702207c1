import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { EXECUTE_CODE_TOOL } from '@toolmesh/shared/contracts/execution';
import { defineTool, ToolFailure } from '@toolmesh/shared/kit/tools/tool';
import type { SandboxClient } from './sandbox-client.ts';

/** The sandbox's tool, forwarded. */
export const executeCode = (sandbox: SandboxClient) =>
  defineTool({
    ...EXECUTE_CODE_TOOL,
    run: (program, context) => sandbox.execute(program, context).catch(explainFailure),
  });

/** The sandbox down, slow or full is something that a model can read and act on. */
function explainFailure(error: unknown): never {
  if (!(error instanceof MeshError) || error.code === 'internal') throw error;
  const pause = error.retryAfterSeconds === undefined ? '' : ` Try again in ${error.retryAfterSeconds} s.`;
  throw new ToolFailure(`The code was not run: ${error.message}.${pause}`, { cause: error });
}
