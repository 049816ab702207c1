// What the benches measure beside the mesh: an echo in bare Express, a proxy hop with bare undici, an MCP server of the
// kit. Arguments: `echo`, `proxy` and the origin behind it, or `tools` and how many. Prints the port that it listens on.
import { createServer, type RequestListener } from 'node:http';
import { portOf } from '@toolmesh/shared/kit/http/listen';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import express from 'express';
import { Pool } from 'undici';
import { z } from 'zod';

const [kind, origin = ''] = process.argv.slice(2);
if (kind === 'tools') {
  const { port } = await serveTools(
    Array.from({ length: Number(origin) }, (_, index) => tool(index)),
    { LOG_LEVEL: 'info' },
  );
  process.stdout.write(`${port}\n`);
} else {
  const server = createServer(kind === 'echo' ? echo() : proxy(new Pool(origin)));
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${portOf(server)}\n`));
}

function tool(index: number) {
  return defineTool({
    name: `tool_${index}`,
    description: 'Repeats its input.',
    input: z.object({ text: z.string().describe('What to say'), ms: z.int().default(0).describe('How long to wait') }),
    output: z.object({ text: z.string() }),
    annotations: { readOnlyHint: true },
    run: async ({ text, ms }, { signal }) => {
      if (ms > 0) await sleep(ms, undefined, { signal });
      return { text };
    },
  });
}

function echo(): RequestListener {
  const app = express();
  app.use(express.json());
  app.post('/{*path}', (req, res) => {
    res.json(req.body);
  });
  return app;
}

function proxy(pool: Pool): RequestListener {
  return (req, res) => {
    const { host: _host, connection: _connection, ...headers } = req.headers;
    const answer = pool.stream(
      { method: 'POST', path: req.url ?? '/', headers, body: req },
      ({ statusCode, headers: sent }) => res.writeHead(statusCode, { 'content-type': String(sent['content-type']) }),
    );
    // The load generator hangs up at the end of its round.
    answer.catch(() => res.destroy());
  };
}
