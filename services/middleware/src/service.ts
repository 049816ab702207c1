import { FILE_PATHS } from '@toolmesh/shared/kit/http/file-routes';
import type { CheckNote } from '@toolmesh/shared/kit/http/readiness';
import { createRelay, relayedFiles } from '@toolmesh/shared/kit/http/relay-requests';
import { defineService } from '@toolmesh/shared/kit/service/define-service';
import { createActiveRuns } from './chat/active-runs.ts';
import { type CodeSessions, createCodeSessions } from './chat/code-sessions.ts';
import { createKeepFiles } from './chat/keep-files.ts';
import { createChat } from './chat/run-chat.ts';
import { MiddlewareConfig } from './config.ts';
import { DEFAULT_MAX_STEPS } from './decoders/chat-request.ts';
import { createFileClient, type FileClient } from './file-client.ts';
import { createHealthChecks } from './health-checks.ts';
import { createHubClient } from './hub-client.ts';
import { chooseProvider } from './models/choose-provider.ts';
import { createModelList } from './models/list-models.ts';
import { createModelOpener } from './models/open-model.ts';
import { createProviders } from './models/providers.ts';
import { createApprovals } from './policy/approvals.ts';
import { createToolPolicy } from './policy/tool-policy.ts';
import { chatRoute } from './routes/chat.ts';
import { openAiRoutes } from './routes/openai.ts';
import { PAGE_PATHS, servePage } from './routes/page.ts';
import { runRoutes } from './routes/runs.ts';
import { createSandboxLibraries } from './sandbox-libraries.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { toolRoutes } from './routes/tools.ts';
import { conversationKey } from './sessions/conversation-key.ts';
import { keepingFolder, openSessions } from './sessions/open-sessions.ts';
import type { Sessions } from './sessions/sessions.ts';
import { createChatMetrics } from './telemetry/chat-metrics.ts';

export const middleware = defineService({
  name: 'middleware',
  config: MiddlewareConfig,
  build: async ({ config, logger, metrics: registry }) => {
    const providers = createProviders(config);
    const choice = await chooseProvider(config, providers);
    logger.info(choice, 'provider chosen');
    const metrics = createChatMetrics(registry);
    const order = { defaultProvider: choice.provider, fallback: config.LLM_FALLBACK };
    const openModel = createModelOpener({
      providers,
      ...order,
      retries: config.LLM_RETRIES,
      metrics,
    });
    const { hub, relay, files, codeSessions } = connectToHub(config);
    const runs = createActiveRuns();
    const sessions = openSessions(config, logger, metrics.countLostTurn);
    const approvals = createApprovals();
    const permissionOf = createToolPolicy(config.TOOL_POLICY, config.TOOL_POLICY_DEFAULT);
    const runChat = createChat({
      config,
      hub,
      openModel,
      metrics,
      runs,
      sessions,
      approvals,
      permissionOf,
      codeSessions,
      keepFiles: createKeepFiles(files),
    });
    const listModels = createModelList(providers, order);
    const health = createHealthChecks({
      choice,
      provider: providers[choice.provider],
      hub,
      libraries: createSandboxLibraries(config.SANDBOX_URL),
    });
    return {
      routes: [
        chatRoute(runChat),
        ...openAiRoutes({ runChat, listModels, maxSteps: DEFAULT_MAX_STEPS }),
        ...runRoutes(runs),
        ...sessionRoutes({ sessions, runs, hub, endCode: endCodeOf(codeSessions, files) }),
        ...toolRoutes({ hub, approvals, permissionOf, countApproval: metrics.countApproval }),
        ...relayedFiles(relay),
      ],
      rawRoutes: servePage(),
      openPaths: [...PAGE_PATHS, ...FILE_PATHS],
      checks: { mcp_server: health.checkHub, llm: health.checkModel, sessions: checkKeeping(sessions) },
      health: health.report,
      close: async () => {
        await runs.stop();
        sessions.close();
        await Promise.all([hub.close(), relay.close(), files.close()]);
      },
    };
  },
});

/** Makes all that speaks with the hub. */
function connectToHub(config: MiddlewareConfig) {
  const address = { baseUrl: config.MCP_SERVER_URL, apiKey: config.MCP_SERVER_API_KEY ?? config.API_KEY };
  const files = createFileClient(address);
  const key = conversationKey(keepingFolder(config));
  return {
    hub: createHubClient({ ...address, timeoutMs: config.MCP_REQUEST_TIMEOUT * 1_000 }),
    relay: createRelay({ name: 'The hub', ...address }),
    files,
    codeSessions: createCodeSessions({ key, describeFile: files.describe }),
  };
}

/** Returns how to end what programs of a conversation have left running and kept. */
const endCodeOf = (codeSessions: CodeSessions, files: FileClient) => (conversation: string) => {
  for (const id of codeSessions.forget(conversation)) void files.endSession(id);
};

/** Chats are answered, but not kept, while their store cannot be written. */
const checkKeeping = (sessions: Sessions) => (): CheckNote | void => {
  const problem = sessions.problem();
  if (problem !== undefined) return { degraded: `conversations are not kept: ${problem}` };
};
