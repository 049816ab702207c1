import { readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { freePort, serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { request } from '@toolmesh/shared/test-kit/requests';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { areAllUp, call, sayer, serveUpstream, startHub, startHubProcess } from './mesh-of-tests.ts';

// Time limits of seconds are waited for.
jest.setTimeout(60_000);

const TIME = new URL('../../time-client/src/main.ts', import.meta.url);

/** Calls a tool again and again until stopped; gives the statuses that came. */
function keepCalling(hub: TestedService, tool: string, callers = 4) {
  const statuses: number[] = [];
  const over = new AbortController();
  const caller = async () => {
    while (!over.signal.aborted) {
      statuses.push((await call(hub, tool)).status);
      // The hub is in this process: without a pause nothing else would have its turn on a busy machine.
      await sleep(5);
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return async () => {
    over.abort();
    await all;
    return statuses;
  };
}

const RESULT = { content: [{ type: 'text', text: 'fine' }], structuredContent: { said: 'fine' } };
const LISTED = { name: 'odd', inputSchema: { type: 'object' }, outputSchema: { type: 'object' } };

type Answer = (res: ServerResponse, id: number, req: IncomingMessage) => void;

/** An MCP server of 2026-07-28 that offers one tool and answers its calls as badly as `answer` does. */
async function serveOdd(answer: Answer, annotations: object = {}, port = 0) {
  return endWithTest(
    await serveRaw((req, res) => {
      let text = '';
      req.on('data', (chunk: Buffer) => (text += chunk.toString()));
      req.on('end', () => {
        const { id, method } = JSON.parse(text || '{}');
        const reply = (result: object) => {
          res.setHeader('content-type', 'application/json');
          res.end(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } }));
        };
        if (method === 'server/discover') {
          const cached = { ttlMs: 0, cacheScope: 'private' };
          reply({ supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...cached });
        } else if (method === 'tools/list') {
          reply({ tools: [{ ...LISTED, annotations }], ttlMs: 0, cacheScope: 'private' });
        } else answer(res, id, req);
      });
    }, port),
  );
}

const json = (res: ServerResponse, body: object) => {
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(body));
};
const sendText = (res: ServerResponse, text: string) => {
  res.setHeader('content-type', 'application/json');
  res.end(text);
};
const deepResult = (id: number) =>
  `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}}`;
const openStream = (res: ServerResponse) => res.writeHead(200, { 'content-type': 'text/event-stream' });

/** A hub with an odd upstream beside a good one. */
async function hubWith(
  answer: Answer,
  { annotations = {}, config = {} }: { annotations?: object; config?: object } = {},
) {
  const [good, odd] = [await serveUpstream([sayer('good')]), await serveOdd(answer, annotations)];
  return startHub({ good: { url: `${good.url}/mcp` }, odd: { url: `${odd.url}/mcp`, ...config } });
}

describe('an upstream that', () => {
  test('is killed with -9 again and again under load takes nobody with it, and is back by itself', async () => {
    const good = await serveUpstream([sayer('good')]);
    const port = await freePort();
    const start = () => startServiceProcess(TIME, { PORT: String(port) });
    let time = await start();
    const hub = await startHub({ good: { url: `${good.url}/mcp` }, time: { url: `${time.url}/mcp` } });
    // A hub on a busy machine starts without upstreams that are slow to answer.
    for (const tool of ['good', 'get_current_time']) await until(async () => (await call(hub, tool)).status === 200);
    const stopGood = keepCalling(hub, 'good');
    const stopTime = keepCalling(hub, 'get_current_time');
    for (let i = 0; i < 3; i += 1) {
      await sleep(200);
      time.kill('SIGKILL');
      await time.exited;
      time = await start();
    }
    endWithTest(time);
    const [others, own] = [await stopGood(), await stopTime()];
    expect(new Set(others)).toEqual(new Set([200]));
    // Refused connections, or a breaker that is open: never anything else.
    expect([...new Set(own)].filter((status) => ![200, 502, 503].includes(status))).toEqual([]);
    await until(async () => (await call(hub, 'get_current_time')).status === 200);
  });

  test('hangs is given up after its silence, and a total time bounds one that only trickles', async () => {
    const hub = await hubWith(
      (res, _id, req) => {
        openStream(res);
        const told = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } };
        const timer = setInterval(() => res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...told })}\n\n`), 100);
        req.socket.once('close', () => clearInterval(timer));
      },
      { config: { timeout_ms: 400, total_timeout_ms: 1_200 } },
    );
    const stopGood = keepCalling(hub, 'good', 1);
    expect(await call(hub, 'odd')).toMatchObject({
      status: 504,
      body: { error: { code: 'upstream_timeout', details: { upstream: 'odd', outcome: 'unknown' } } },
    });
    expect(new Set(await stopGood())).toEqual(new Set([200]));
  });

  test.each<[string, Answer]>([
    ['ends its stream without an answer', (res) => openStream(res).end(': nothing\n\n')],
    ['ends in the middle of a frame', (res) => openStream(res).end('data: {"jsonrpc":"2.0","id":1,"resu')],
    ['drops the connection', (res) => res.destroy()],
    ['answers another request', (res) => json(res, { jsonrpc: '2.0', id: 999, result: RESULT })],
    ['answers garbage', (res) => res.end('<html>')],
    ['answers with 500', (res) => res.writeHead(500).end('oops')],
    ['sends a result that is nested too deep', (res, id) => sendText(res, deepResult(id))],
    ['sends a result that is no object', (res, id) => json(res, { jsonrpc: '2.0', id, result: 'text' })],
    ['streams a result that is nested too deep', (res, id) => openStream(res).end(`data: ${deepResult(id)}\n\n`)],
  ])('%s is told of as a failure whose outcome is unknown', async (_name, answer) => {
    const hub = await hubWith(answer);
    const answered = await call(hub, 'odd');
    expect(answered).toMatchObject({ status: 502, body: { error: { code: 'upstream_failed' } } });
    expect((await call(hub, 'good')).status).toBe(200);
  });

  test('drops the first call of a tool that only reads is asked once more; a write is not repeated', async () => {
    let calls = 0;
    const answer: Answer = (res, id) => {
      calls += 1;
      if (calls === 1) res.destroy();
      else json(res, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...RESULT } });
    };
    const reading = await hubWith(answer, { annotations: { readOnlyHint: true } });
    expect((await call(reading, 'odd')).body.structured_content).toEqual({ said: 'fine' });
    calls = 0;
    const writing = await hubWith(answer);
    expect(await call(writing, 'odd')).toMatchObject({
      status: 502,
      body: { error: { message: expect.stringContaining('unknown'), details: { outcome: 'unknown' } } },
    });
    expect(calls).toBe(1);
  });

  test('lies about its schema is passed on as it is', async () => {
    const structuredContent = { said: 42, more: [true] };
    const hub = await hubWith((res, id) => json(res, { jsonrpc: '2.0', id, result: { ...RESULT, structuredContent } }));
    expect((await call(hub, 'odd')).body.structured_content).toEqual(structuredContent);
  });

  test('sends 50 MB is passed on, and more than 64 MB is cut off', async () => {
    let size = 50;
    const hub = await hubWith((res, id) => {
      const text = 'x'.repeat(size * 1_024 ** 2);
      json(res, { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });
    });
    expect((await call(hub, 'odd')).body.content[0].text).toHaveLength(50 * 1_024 ** 2);
    size = 70;
    expect((await call(hub, 'odd')).status).toBe(502);
    expect((await call(hub, 'good')).status).toBe(200);
  });

  test('flaps leaves no open handles behind', async () => {
    const good = await serveUpstream([sayer('good')]);
    const port = await freePort();
    const hub = await startHubProcess({
      good: { url: `${good.url}/mcp` },
      flap: { url: `http://127.0.0.1:${port}/mcp` },
    });
    const flap = async () => {
      const service = await serveTools([sayer('flap')], {}, { port });
      await until(async () => (await call(hub, 'flap')).status === 200);
      await service.stop(0);
    };
    await flap();
    await until(async () => !(await areAllUp(hub)));
    const handles = () => readdirSync(`/proc/${hub.pid}/fd`).length;
    const before = handles();
    for (let i = 0; i < 5; i += 1) await flap();
    await until(() => handles() <= before + 2);
    expect((await call(hub, 'good')).status).toBe(200);
  });
});

describe('a stream that is left', () => {
  test('cancels its call at the upstream', async () => {
    let cancelled = 0;
    const good = await serveOdd((res) => {
      openStream(res).write(': working\n\n');
      res.once('close', () => (cancelled += 1));
    });
    const hub = await startHub({ good: { url: `${good.url}/mcp` } });
    for (const path of ['tools/odd/stream', 'tools/odd']) {
      const before = cancelled;
      const gone = new AbortController();
      const left = fetch(`${hub.url}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"arguments":{}}',
        signal: gone.signal,
      }).catch(() => 'left');
      await until(async () => /http_requests_in_flight 2/.test((await request(`${hub.url}/metrics`)).body));
      gone.abort();
      expect(await left).toBe('left');
      await until(() => cancelled > before);
    }
  });
});
