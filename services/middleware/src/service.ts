import { defineService } from '@toolmesh/shared/kit/service/define-service';
import { createActiveRuns } from './chat/active-runs.ts';
import { createChat } from './chat/run-chat.ts';
import { MiddlewareConfig } from './config.ts';
import { createDependencies } from './health-checks.ts';
import { createHubClient } from './hub-client.ts';
import { createChatMetrics } from './telemetry/chat-metrics.ts';
import { listModels } from './models/list-models.ts';
import { chooseProvider } from './models/choose-provider.ts';
import { createApprovals } from './policy/approvals.ts';
import { createToolPolicy } from './policy/tool-policy.ts';
import { DEFAULT_MAX_STEPS } from './decoders/chat-request.ts';
import { chatRoute } from './routes/chat.ts';
import { openAiRoutes } from './routes/openai.ts';
import { PAGE_PATHS, servePage } from './routes/page.ts';
import { runRoutes } from './routes/runs.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { toolRoutes } from './routes/tools.ts';
import { openSessions } from './sessions/open-sessions.ts';

/** For the list of models, from all providers together. */
const LIST_TIMEOUT_MS = 3_000;

export const middleware = defineService({
  name: 'middleware',
  config: MiddlewareConfig,
  build: async (kit) => {
    const { config, logger } = kit;
    const choice = await chooseProvider(config);
    logger.info(choice, 'provider chosen');
    const hub = createHubClient({
      baseUrl: config.MCP_SERVER_URL,
      apiKey: config.MCP_SERVER_API_KEY ?? config.API_KEY,
      timeoutMs: config.MCP_REQUEST_TIMEOUT * 1_000,
    });
    const metrics = createChatMetrics(kit.metrics);
    const runs = createActiveRuns();
    const sessions = openSessions(config, logger);
    const approvals = createApprovals();
    const permissionOf = createToolPolicy(config.TOOL_POLICY, config.TOOL_POLICY_DEFAULT);
    const runChat = createChat({ config, choice, hub, metrics, runs, sessions, approvals, permissionOf });
    const dependencies = createDependencies(config, choice, hub);
    return {
      routes: [
        chatRoute(runChat),
        ...openAiRoutes({
          runChat,
          listModels: () => listModels(config, AbortSignal.timeout(LIST_TIMEOUT_MS)),
          maxSteps: DEFAULT_MAX_STEPS,
        }),
        ...runRoutes(runs),
        ...sessionRoutes(sessions, runs),
        ...toolRoutes({ hub, approvals, permissionOf, countApproval: metrics.countApproval }),
      ],
      rawRoutes: servePage(),
      openPaths: PAGE_PATHS,
      checks: { mcp_server: dependencies.checkHub, llm: dependencies.checkModel },
      health: dependencies.report,
      close: async () => {
        await runs.stop();
        sessions.close();
        await hub.close();
      },
    };
  },
});
