import { defineToolService } from '@toolmesh/shared/kit/service/tool-service';
import { ExecutorConfig } from './config.ts';
import { executeCode } from './execute-code.ts';
import { packageTools } from './package-tools.ts';
import { createSandboxClient } from './sandbox-client.ts';

export const codeExecutor = defineToolService({
  name: 'code-executor',
  config: ExecutorConfig,
  build: ({ config }) => {
    const sandbox = createSandboxClient(config.SANDBOX_URL, config.SANDBOX_API_KEY ?? config.API_KEY);
    return { tools: [executeCode(sandbox), ...packageTools(sandbox)], checks: { sandbox: sandbox.check } };
  },
});
