import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { INHERITED_ENV } from '@toolmesh/shared/test-kit/test-env';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { loadMeshConfig } from '../../../src/mesh-config/load-mesh-config.ts';
import { makeUpstream } from '../../../src/upstreams/make-upstream.ts';
import type { Caller, Upstream } from '../../../src/upstreams/upstream.ts';
import { startFixture } from '../../conformance/fixture.ts';
import { sayer, writeMesh } from '../../mesh-of-tests.ts';

jest.setTimeout(60_000);

const STDIO = fileURLToPath(new URL('../stdio/stdio-server.ts', import.meta.url));
/** More than the failures in a row that open a breaker. */
const TRIES = 10;

const caller = (signal: AbortSignal = new AbortController().signal): Caller => ({
  signal,
  capabilities: {},
  takesInputRequired: false,
});
const call = (upstream: Upstream, name: string, args: object, from = caller()) =>
  upstream.request({ method: 'tools/call', params: { name, arguments: args } }, from);

async function open(entry: object): Promise<Upstream> {
  const config = loadMeshConfig(writeMesh({ tested: entry }), {}).mcpServers['tested'];
  if (config === undefined) throw new Error('the entry is missing');
  const logger = createLogger({ service: 'test', level: 'silent' });
  const make = makeUpstream({
    defaultTimeoutMs: 30_000,
    workers: { min: 1, max: 1, sessions: 1, sessionIdleMs: 60_000 },
    hostEnv: INHERITED_ENV,
    makeJail: () => ({ isolation: undefined, wrap: (command) => Promise.resolve(command) }),
    logger,
    onChange: () => {},
    onResourceUpdated: () => {},
  });
  const upstream = make('tested', config);
  await until(() => upstream.status === 'up');
  return upstream;
}

/** A REST service that answers every call with `status`. */
async function serveRest(status: number) {
  const schema = { type: 'object', properties: { body: {} } };
  const post = {
    operationId: 'say',
    requestBody: { content: { 'application/json': { schema } } },
    responses: { 200: { description: 'said' } },
  };
  const document = { openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: { '/say': { post } } };
  return serveRaw((req, res) => {
    res.writeHead(req.url === '/openapi.json' ? 200 : status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(req.url === '/openapi.json' ? document : {}));
  });
}

const KINDS = ['url of 2026', 'url of 2025', 'command', 'openapi'] as const;

/** An upstream of a kind, with the name of a tool of it. */
async function openKind(kind: (typeof KINDS)[number]): Promise<{ upstream: Upstream; tool: string; stop(): unknown }> {
  if (kind === 'command') {
    const upstream = await open({ command: process.execPath, args: [STDIO] });
    return { upstream, tool: 'echo', stop: () => {} };
  }
  if (kind === 'openapi') {
    const { url, stop } = await serveRest(200);
    return { upstream: await open({ openapi: `${url}/openapi.json` }), tool: 'say', stop };
  }
  if (kind === 'url of 2025') {
    const { url, stop } = await startFixture({ eras: ['legacy'] });
    return { upstream: await open({ url }), tool: 'test_simple_text', stop: () => stop(0) };
  }
  const { url, stop } = await serveTools([sayer('say')]);
  return { upstream: await open({ url: `${url}/mcp` }), tool: 'say', stop: () => stop(0) };
}

function nested(depth: number): object {
  let value: object = {};
  for (let at = 0; at < depth; at += 1) value = { deeper: value };
  return value;
}

describe.each(KINDS)('the breaker of an upstream by %s', (kind) => {
  let opened: Awaited<ReturnType<typeof openKind>>;
  beforeAll(async () => {
    opened = await openKind(kind);
  });
  afterAll(async () => {
    await opened.upstream.close();
    await opened.stop();
  });

  test.each([
    ['that no JSON can carry', { body: { number: 1n } }],
    ['that are nested too deep to be written', { body: nested(200_000) }],
  ])('stays closed for arguments %s, which are no fault of it', async (_what, args) => {
    const { upstream, tool } = opened;
    for (let at = 0; at < TRIES; at += 1) {
      const error = await call(upstream, tool, args).catch((thrown: unknown) => thrown);
      expect(error).not.toMatchObject({ code: 'upstream_failed' });
      expect(error).toBeInstanceOf(Error);
    }
    expect(upstream.breaker).toBe('closed');
    await expect(call(upstream, tool, {})).resolves.toHaveProperty('content');
  });

  test('stays closed when callers go away', async () => {
    const { upstream, tool } = opened;
    for (let at = 0; at < TRIES; at += 1) {
      const gone = new AbortController();
      const left = call(upstream, tool, {}, caller(gone.signal)).catch(() => {});
      gone.abort();
      await left;
    }
    expect(upstream.breaker).toBe('closed');
    await expect(call(upstream, tool, {})).resolves.toHaveProperty('content');
  });
});

describe('the breaker of an upstream over HTTP', () => {
  /** An MCP server of 2026-07-28 that refuses every call at the level of HTTP. */
  async function openRefusing(status: number): Promise<Upstream> {
    const { url } = endWithTest(
      await serveRaw((req, res) => {
        let text = '';
        req.on('data', (chunk: Buffer) => (text += chunk.toString()));
        req.on('end', () => {
          const { id, method } = JSON.parse(text || '{}');
          if (method === 'tools/call') return void res.writeHead(status).end('no');
          const lists = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, tools: [LISTED] };
          const result = { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...lists };
          res.setHeader('content-type', 'application/json');
          res.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        });
      }),
    );
    const upstream = await open({ url });
    endWithTest({ stop: () => upstream.close() });
    return upstream;
  }
  const LISTED = { name: 'odd', inputSchema: { type: 'object' } };

  test.each([
    [400, 'closed', 'upstream_failed'],
    [413, 'closed', 'payload_too_large'],
    [429, 'closed', 'rate_limited'],
    [431, 'closed', 'upstream_failed'],
    [500, 'open', 'upstream_failed'],
  ])('that answers %i again and again is %s: a 4xx is the fault of the request', async (status, breaker, code) => {
    const upstream = await openRefusing(status);
    await expect(call(upstream, 'odd', {})).rejects.toMatchObject({ code });
    for (let at = 1; at < TRIES; at += 1) await call(upstream, 'odd', {}).catch(() => {});
    expect(upstream.breaker).toBe(breaker);
  });
});
