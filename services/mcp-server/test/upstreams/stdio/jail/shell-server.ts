// An MCP server of the worst kind: its tool runs any command and says what came of it.
import { execFile } from 'node:child_process';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

serveStdio(() => {
  const server = new McpServer({ name: 'shell', version: '1' });
  server.registerTool(
    'shell',
    { description: 'Runs a command.', inputSchema: z.object({ command: z.string() }) },
    ({ command }) =>
      new Promise((resolve) => {
        execFile('/bin/sh', ['-c', command], { maxBuffer: 64 * 1_024 ** 2 }, (_error, stdout, stderr) =>
          resolve({ content: [{ type: 'text', text: `${stdout}${stderr}` }] }),
        );
      }),
  );
  return server;
});

process.on('SIGTERM', () => {
  process.stderr.write('asked to stop\n');
  process.exit(0);
});
// The end of its input does not end it.
if (process.argv.includes('--stays')) setInterval(() => {}, 60_000);
