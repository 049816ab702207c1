import { EXECUTE_CODE_TOOL } from '@toolmesh/shared/contracts/execution';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import type { Execute } from './execute.ts';

export const executeTool = (execute: Execute) =>
  defineTool({
    ...EXECUTE_CODE_TOOL,
    run: (program, { signal, chunk }) => execute(program, signal, (stream, text) => chunk({ stream, text })),
  });
