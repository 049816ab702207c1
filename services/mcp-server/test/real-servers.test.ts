import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { areAllUp, call, startHub } from './mesh-of-tests.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(60_000);

const programOf = (name: string) =>
  fileURLToPath(new URL(`../../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url));
const everything = (workers: object = { min: 1, max: 2 }) => ({
  command: process.execPath,
  args: [programOf('server-everything')],
  workers,
});

describe('real servers behind the hub', () => {
  test('server-everything over stdio: tools, progress, prompts, resources and completions', async () => {
    const hub = await startHub({ everything: everything() });
    await until(() => areAllUp(hub));
    const { body } = await request(`${hub.url}/tools`);
    const names = body.tools.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['echo', 'get-sum', 'trigger-long-running-operation']));
    expect((await call(hub, 'echo', { message: 'over stdio' })).body).toMatchObject({
      is_error: false,
      content: [{ type: 'text', text: 'Echo: over stdio' }],
    });
    const { body: streamed } = await post(`${hub.url}/tools/trigger-long-running-operation/stream`, {
      arguments: { duration: 0.2, steps: 2 },
    });
    expect(streamed).toMatch(/^event: progress\ndata: \{"progress":1,"total":2/);
    expect(streamed).toMatch(/event: done\ndata: \{"status":"complete"\}\n\n$/);

    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp`)));
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain('simple-prompt');
    expect((await client.getPrompt({ name: 'simple-prompt' })).messages).toHaveLength(1);
    const { resources } = await client.listResources();
    const [first] = resources;
    expect((await client.readResource({ uri: first?.uri ?? '' })).contents[0]).toHaveProperty('mimeType');
    const completed = await client.complete({
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    });
    expect(completed.completion.values).toEqual(expect.arrayContaining(['Engineering']));
    await client.close();
  });

  test('server-filesystem over stdio: reads and writes in its folder and nowhere else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    writeFileSync(join(folder, 'a.txt'), 'what is in a');
    const hub = await startHub({
      files: { command: process.execPath, args: [programOf('server-filesystem'), folder], workers: { min: 1, max: 1 } },
    });
    await until(() => areAllUp(hub));
    expect((await call(hub, 'read_text_file', { path: join(folder, 'a.txt') })).body.content[0].text).toBe(
      'what is in a',
    );
    const written = await call(hub, 'write_file', { path: join(folder, 'b.txt'), content: 'from afar' });
    expect(written.body.is_error).toBe(false);
    expect(readFileSync(join(folder, 'b.txt'), 'utf8')).toBe('from afar');
    expect((await call(hub, 'read_text_file', { path: '/etc/hostname' })).body.is_error).toBe(true);
    expect(existsSync(join(folder, 'c.txt'))).toBe(false);
  });

  test('a call that only reads is made again when its process is killed, and the process is replaced', async () => {
    const hub = await startHub({ everything: everything({ min: 2, max: 2 }) });
    await until(() => areAllUp(hub));
    const pids = () =>
      hub.log.flatMap(({ upstream, pid }) => (upstream === 'everything' && typeof pid === 'number' ? [pid] : []));
    const hasWorkers = async (state: string, count: number) => {
      const { body } = await request(`${hub.url}/metrics`);
      return body.includes(`mcp_workers{upstream="everything",state="${state}"} ${count}\n`);
    };
    // A process that has started may not serve yet: both calls would then go to the other one.
    await until(() => hasWorkers('idle', 2));
    // Long enough to be seen at work on a machine that has much else to do.
    const args = { duration: 5, steps: 5 };
    const calls = [1, 2].map(() => call(hub, 'trigger-long-running-operation', args));
    await until(() => hasWorkers('busy', 2));
    const [victim] = pids();
    if (victim !== undefined) process.kill(victim, 'SIGKILL');
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await call(hub, 'echo', { message: 'again' })).status).toBe(200);
    await until(async () =>
      /mcp_worker_restarts_total\{upstream="everything"\} 1/.test((await request(`${hub.url}/metrics`)).body),
    );
  });

  test('a command that cannot be started is told of, and delays nobody', async () => {
    const hub = await startHub({ everything: everything(), missing: { command: 'no-such-program-anywhere' } });
    await until(async () => (await call(hub, 'echo', { message: 'x' })).status === 200);
    expect(await request(`${hub.url}/ready`)).toMatchObject({
      status: 200,
      body: {
        checks: { missing: { status: 'degraded', detail: expect.stringContaining('no-such-program-anywhere') } },
      },
    });
  });
});
