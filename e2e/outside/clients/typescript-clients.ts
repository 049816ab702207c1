import { readFileSync } from 'node:fs';
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Step } from '../report.ts';
import type { ClientCase } from './client-case.ts';

const INFO = { name: 'outside', version: '1' };
const SLOW = { name: 'trigger-long-running-operation', arguments: { duration: 0.4, steps: 2 } };

/** The SDK's first version runs handlers of notifications a moment later, over all transports but Streamable HTTP. */
export const DROPS_PROGRESS = 'its client drops progress that arrives in one piece with the result, from any server';
export const LAST_MAY_BE_DROPPED = /^1(,2)?$/;

const versionOf = (name: string): string => {
  const path = new URL(`../../../node_modules/@modelcontextprotocol/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')).version;
};

export const TYPESCRIPT_CLIENTS: readonly ClientCase[] = [
  {
    name: 'TypeScript SDK 1',
    version: versionOf('sdk'),
    async use({ hub, step }) {
      const asked: string[] = [];
      const client = askable(asked);
      await client.connect(new OldTransport(new URL(`${hub}/mcp`)));
      await useOld(client, step);
      await step('elicitation', async () => {
        await client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
        expectThat(asked.includes('elicitation'), 'nobody was asked');
      });
      await step('sampling', async () => {
        await client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'capital?', maxTokens: 10 } });
        expectThat(asked.includes('sampling'), 'nobody was asked');
      });
      await step('cancel', async () => {
        const gone = new AbortController();
        const call = client.callTool({ ...SLOW, arguments: { duration: 30, steps: 3 } }, undefined, {
          signal: gone.signal,
        });
        setTimeout(() => gone.abort(), 300);
        expectThat((await call.catch(() => 'cancelled')) === 'cancelled', 'it was not cancelled');
        await client.callTool({ name: 'echo', arguments: { message: 'after' } });
      });
      await client.close();
    },
  },
  {
    name: 'TypeScript SDK 1, HTTP+SSE of 2024',
    version: versionOf('sdk'),
    async use({ hub, step, row }) {
      row.notes.push(DROPS_PROGRESS);
      const client = new Client(INFO);
      await client.connect(new SSEClientTransport(new URL(`${hub}/sse`)));
      await useOld(client, step, LAST_MAY_BE_DROPPED);
      await client.close();
    },
  },
  {
    name: 'TypeScript SDK 2',
    version: versionOf('client'),
    async use({ hub, step, row }) {
      const client = new ModernClient(INFO, { versionNegotiation: { mode: 'auto' } });
      await client.connect(new StreamableHTTPClientTransport(new URL(`${hub}/mcp`)));
      row.notes.push(`negotiates ${client.getNegotiatedProtocolVersion()}`);
      await step('list', async () => {
        const { tools } = await client.listTools();
        expectThat(
          tools.some(({ name }) => name === 'echo'),
          'no echo',
        );
      });
      await step('call', async () => expectEcho(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })));
      await step('progress', async () => {
        const seen: number[] = [];
        await client.callTool(SLOW, { onprogress: ({ progress }) => seen.push(progress) });
        expectThat(seen.join() === '1,2', `progress ${seen.join()}`);
      });
      await step('prompts', async () => {
        expectThat((await client.getPrompt({ name: 'simple-prompt' })).messages.length > 0, 'no messages');
      });
      await step('resources', async () => {
        const { contents } = await client.readResource({ uri: 'demo://resource/dynamic/text/1' });
        expectThat(contents.length > 0, 'no contents');
      });
      await client.close();
    },
  },
];

/** Returns a client of the first version whose user agrees to everything. */
function askable(asked: string[]): Client {
  const client = new Client(INFO, { capabilities: { elicitation: { form: {} }, sampling: {} } });
  client.setRequestHandler(ElicitRequestSchema, () => {
    asked.push('elicitation');
    return { action: 'accept' as const, content: { name: 'Ada', check: true } };
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => {
    asked.push('sampling');
    const content = { type: 'text' as const, text: 'Paris' };
    return { role: 'assistant' as const, model: 'test', stopReason: 'endTurn' as const, content };
  });
  return client;
}

/** Runs what every client of the first version can do, whatever its transport. */
export async function useOld(client: Client, step: Step, progress = /^1,2$/): Promise<void> {
  await step('list', async () => {
    const { tools } = await client.listTools();
    expectThat(
      tools.some(({ name }) => name === 'echo'),
      'no echo',
    );
  });
  await step('call', async () => expectEcho(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })));
  await step('progress', async () => {
    const seen: number[] = [];
    await client.callTool(SLOW, undefined, { onprogress: (update) => seen.push(update.progress) });
    expectThat(progress.test(seen.join()), `progress ${seen.join()}`);
  });
  await step('prompts', async () => {
    expectThat((await client.getPrompt({ name: 'simple-prompt' })).messages.length > 0, 'no messages');
  });
  await step('resources', async () => {
    const { contents } = await client.readResource({ uri: 'demo://resource/dynamic/text/1' });
    expectThat(contents.length > 0, 'no contents');
  });
}

function expectEcho(result: object): void {
  expectThat(JSON.stringify(result).includes('Echo: hi'), JSON.stringify(result));
}

function expectThat(isRight: boolean, words: string): void {
  if (!isRight) throw new Error(words);
}
