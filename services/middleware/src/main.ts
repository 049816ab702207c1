import { runService } from '@toolmesh/shared/service';
import { createChat } from './chat.ts';
import { MiddlewareConfig } from './config.ts';
import { createDependencies } from './dependencies.ts';
import { createHubClient } from './hub-client.ts';
import { createChatMetrics } from './metrics.ts';
import { chooseProvider } from './models/choose-model.ts';
import { chatRoute } from './routes/chat.ts';
import { PAGE_PATHS, servePage } from './routes/page.ts';
import { toolRoutes } from './routes/tools.ts';

await runService({
  name: 'middleware',
  config: MiddlewareConfig,
  build: async ({ config, logger, metrics }) => {
    const choice = await chooseProvider(config);
    logger.info(choice, 'provider chosen');
    const hub = createHubClient({
      baseUrl: config.MCP_SERVER_URL,
      apiKey: config.MCP_SERVER_API_KEY ?? config.API_KEY,
      timeoutMs: config.MCP_REQUEST_TIMEOUT * 1_000,
    });
    const runChat = createChat({ config, choice, hub, metrics: createChatMetrics(metrics) });
    const dependencies = createDependencies(config, choice, hub);
    return {
      routes: [chatRoute(runChat), ...toolRoutes(hub)],
      rawRoutes: servePage(),
      openPaths: PAGE_PATHS,
      checks: { mcp_server: dependencies.checkHub, llm: dependencies.checkModel },
      health: dependencies.report,
      close: hub.close,
    };
  },
});
