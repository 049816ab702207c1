import { defineToolService } from '@toolmesh/shared/kit/service/tool-service';
import { ExecutorConfig } from './config.ts';
import { sandboxTools } from './sandbox-tools.ts';
import { createSandboxClient } from './sandbox-client.ts';

export const codeExecutor = defineToolService({
  name: 'code-executor',
  config: ExecutorConfig,
  build: ({ config }) => {
    const sandbox = createSandboxClient(config.SANDBOX_URL, config.SANDBOX_API_KEY ?? config.API_KEY);
    return { tools: sandboxTools(sandbox), checks: { sandbox: sandbox.check } };
  },
});
