import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { npm, python, versionOf } from '../parts.ts';
import type { ClientCase, ClientContext } from './client-case.ts';
import { DROPS_PROGRESS, LAST_MAY_BE_DROPPED, useOld } from './typescript-clients.ts';

const INSPECTOR = '@modelcontextprotocol/inspector';

/** Programs that bring a hub to where only a command line or standard output is. */
export const BRIDGE_CLIENTS: readonly ClientCase[] = [
  {
    name: 'Inspector, command line',
    version: versionOf(INSPECTOR),
    async use({ hub, step }) {
      const command = join(await npm('clients'), '.bin', 'mcp-inspector');
      const run = async (...args: readonly string[]) => {
        const options = ['--cli', `${hub}/mcp`, '--transport', 'http', ...args];
        return JSON.parse((await promisify(execFile)(command, options, { timeout: 100_000 })).stdout);
      };
      await step('list', async () => {
        const { tools } = await run('--method', 'tools/list');
        if (!tools.some(({ name }: { name: string }) => name === 'echo')) throw new Error('no echo');
      });
      await step('call', async () => {
        const { content } = await run('--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hi');
        if (content[0].text !== 'Echo: hi') throw new Error(JSON.stringify(content));
      });
    },
  },
  {
    name: 'mcp-remote, as Claude Desktop starts it',
    version: versionOf('mcp-remote'),
    use: async (context) => {
      const script = join(await npm('clients'), 'mcp-remote/dist/proxy.js');
      await overStdio(context, process.execPath, [script, `${context.hub}/mcp`, '--allow-http']);
    },
  },
  {
    name: 'mcp-proxy',
    version: versionOf('mcp-proxy'),
    use: async (context) => {
      const command = await python('mcp-proxy', 'mcp-proxy');
      await overStdio(context, command, ['--transport', 'streamablehttp', `${context.hub}/mcp`]);
    },
  },
];

async function overStdio({ step, row }: ClientContext, command: string, args: readonly string[]): Promise<void> {
  const client = new Client({ name: 'outside', version: '1' });
  await client.connect(new StdioClientTransport({ command, args: [...args], stderr: 'ignore' }), { timeout: 60_000 });
  row.notes.push(DROPS_PROGRESS);
  await useOld(client, step, LAST_MAY_BE_DROPPED);
  await client.close();
}
