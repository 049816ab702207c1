import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { post } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { z } from 'zod';
import { middleware as service } from '../../src/service.ts';
import { type Behaviour, fakeProvider } from './fake-provider.ts';

const add = defineTool({
  name: 'add',
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number() }),
  output: z.object({ sum: z.number() }),
  run: ({ a, b }) => ({ sum: a + b }),
});

export type ChatWithProvider = Awaited<ReturnType<typeof startChatWithProvider>>;

/** Starts a hub with the tool `add`, a provider that follows `script`, and a middleware between them. */
export async function startChatWithProvider(script: Behaviour[], envOf: (url: string) => Record<string, string>) {
  const hub = await serveTools([add]);
  const provider = await fakeProvider(script);
  const env = { MCP_SERVER_URL: hub.url, LLM_TIMEOUT_MS: '600', ...envOf(provider.url) };
  const middleware = await serveInProcess(service, env);
  return {
    hub,
    provider,
    middleware,
    chat: (body: object) => post(`${middleware.url}/chat`, body),
    async stop() {
      await middleware.stop(0);
      await provider.stop();
      await hub.stop(0);
    },
  };
}
