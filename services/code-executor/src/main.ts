import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { runToolService } from '@toolmesh/shared/kit/service/tool-service';
import { z } from 'zod';
import { executeCode } from './execute-code.ts';
import { packageTools } from './package-tools.ts';
import { createSandboxClient } from './sandbox-client.ts';

await runToolService({
  name: 'code-executor',
  config: serviceConfig(8004, {
    SANDBOX_URL: z.url().default('http://localhost:8001'),
    /** The sandbox's key, where it has one of its own. */
    SANDBOX_API_KEY: z.string().optional(),
  }),
  build: ({ config }) => {
    const sandbox = createSandboxClient(config.SANDBOX_URL, config.SANDBOX_API_KEY ?? config.API_KEY);
    return { tools: [executeCode(sandbox), ...packageTools(sandbox)], checks: { sandbox: sandbox.check } };
  },
});
