import { createServer, request as sendOn } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post } from '@toolmesh/shared/test-kit/requests';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi } from '../fakes/fake-openai.ts';
import { startMiddleware } from '../fakes/start-middleware.ts';

/** A hub whose callers are overheard: the conversations of calls, and those that were ended. */
async function overheardHub() {
  const hub = endWithTest(await serveTools(watchedTools().tools));
  const named: unknown[] = [];
  const ended: string[] = [];
  const server = createServer((req, res) => {
    if (req.method === 'DELETE') {
      ended.push(String(req.url));
      res.writeHead(204).end();
      return;
    }
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      const message = body.length === 0 ? {} : JSON.parse(body.toString());
      if (message.method === 'tools/call') named.push(message.params._meta['io.toolmesh/conversation']);
      const on = sendOn(`${hub.url}${req.url}`, { method: req.method, headers: req.headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(res);
      });
      on.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWithTest({
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, named, ended };
}

test('a chat names its conversation to the hub, by an id that nobody can guess, and ends it', async () => {
  const calls = [{ name: 'echo', args: { text: 'x' } }];
  const provider = endWithTest(
    await fakeOpenAi(
      { calls },
      { text: ['1'] },
      { calls },
      { text: ['2'] },
      { calls },
      { text: ['3'] },
      { calls },
      { text: ['4'] },
    ),
  );
  const hub = await overheardHub();
  const middleware = await startMiddleware({ ...provider.env, MCP_SERVER_URL: hub.url });
  for (const id of ['mine', 'mine', 'other']) {
    expect((await post(`${middleware.url}/chat`, { message: 'Go', session_id: id })).status).toBe(200);
  }
  const [first, second, third] = hub.named;
  expect(first).toMatch(/^[\w-]{43}$/);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  expect(hub.ended).toEqual([]);

  await fetch(`${middleware.url}/sessions/mine`, { method: 'DELETE' });
  await until(() => hub.ended.length === 1);
  expect(hub.ended).toEqual([`/conversations/${String(first)}`]);

  // Nobody can continue a completion.
  await post(`${middleware.url}/v1/chat/completions`, { model: 'auto', messages: [{ role: 'user', content: 'Go' }] });
  await until(() => hub.ended.length === 2);
  expect(hub.ended[1]).toBe(`/conversations/${String(hub.named[3])}`);
});
