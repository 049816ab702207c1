import { FILE_PATHS } from '@toolmesh/shared/kit/http/file-routes';
import { createRelay, relayedFiles } from '@toolmesh/shared/kit/http/relay-requests';
import { relayedSessions } from '@toolmesh/shared/kit/http/session-routes';
import { defineService } from '@toolmesh/shared/kit/service/define-service';
import { toolServiceParts } from '@toolmesh/shared/kit/service/tool-service';
import { ExecutorConfig } from './config.ts';
import { sandboxTools } from './sandbox-tools.ts';
import { createSandboxClient } from './sandbox-client.ts';

export const codeExecutor = defineService({
  name: 'code-executor',
  config: ExecutorConfig,
  build: (kit) => {
    const { config } = kit;
    const apiKey = config.SANDBOX_API_KEY ?? config.API_KEY;
    const sandbox = createSandboxClient(config.SANDBOX_URL, apiKey);
    const relay = createRelay({ name: 'The sandbox', baseUrl: config.SANDBOX_URL, apiKey });
    const parts = { tools: sandboxTools(sandbox), checks: { sandbox: sandbox.check } };
    const service = toolServiceParts('code-executor', parts, kit);
    return {
      ...service,
      routes: [...relayedFiles(relay), ...relayedSessions(relay), ...service.routes],
      openPaths: FILE_PATHS,
      close: relay.close,
    };
  },
});
