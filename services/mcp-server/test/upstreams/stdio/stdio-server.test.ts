import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import type { McpNotification } from '@toolmesh/shared/mcp/protocol';
import type { StdioServerOptions, StdioWorker } from '../../../src/upstreams/stdio/stdio-server.ts';
import { forever, isAlive, misbehaving, say } from './stdio-kit.ts';

const workers: StdioWorker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
});

async function started(flags: readonly string[] = [], options: Partial<StdioServerOptions> = {}) {
  const { start, log } = misbehaving(flags, options);
  const worker = await start(forever);
  workers.push(worker);
  return { worker, log, start };
}

describe('a stdio MCP server', () => {
  test('is started, asked, pinged and ended by the end of its input', async () => {
    const { worker } = await started();
    expect(await say(worker, 'echo', { text: 'héllo' })).toBe('héllo');
    expect(await say(worker, 'pid')).toBe(String(worker.pid));
    await worker.ping(forever);
    await worker.close();
    expect((await worker.gone).message).toBe('it was closed (exited with code 0)');
    expect(isAlive(worker.pid)).toBe(false);
  });

  test('may speak 2026-07-28', async () => {
    const file = fileURLToPath(new URL('modern-stdio-server.ts', import.meta.url));
    const { worker } = await started([], { args: [file] });
    expect(worker.connection.era).toBe('modern');
    expect(await say(worker, 'echo', { text: 'new' })).toBe('new');
    await worker.ping(forever);
  });

  test('may end at the question which revision it speaks, once', async () => {
    const { worker, start, log } = await started(['--dies-of-surprise', '--talk']);
    expect(await say(worker, 'echo', { text: 'old' })).toBe('old');
    const second = await start(forever);
    workers.push(second);
    expect(await say(second, 'echo', { text: 'old' })).toBe('old');
    expect(log.filter(({ line }) => line === 'starting')).toHaveLength(3);
  });

  test('gets the basics of our environment, what is configured for it, and nothing else', async () => {
    const hostEnv = { PATH: '/usr/bin:/bin', HOME: '/home/of/hub', API_KEY: 'secret', OPENAI_API_KEY: 'secret' };
    const { worker } = await started([], { hostEnv, env: { TOKEN: 'its own' }, cwd: tmpdir() });
    // Node itself hands this on to its children while coverage is measured.
    const { NODE_V8_COVERAGE: _coverage, ...env } = JSON.parse(await say(worker, 'env'));
    expect(env).toEqual({
      PATH: '/usr/bin:/bin',
      HOME: '/home/of/hub',
      TOKEN: 'its own',
    });
    expect(await say(worker, 'cwd')).toBe(tmpdir());
  });

  test('gets what leads to the network of a company, and the mesh’s own programs last', async () => {
    const own = '/mesh/node_modules/.bin';
    const company = {
      NODE_EXTRA_CA_CERTS: '/etc/company.pem',
      REQUESTS_CA_BUNDLE: '/etc/company.pem',
      https_proxy: 'http://ann:secret@proxy:3128',
      NO_PROXY: 'localhost,.company',
      npm_config_registry: 'https://npm.company/',
      UV_DEFAULT_INDEX: 'https://pypi.company/simple',
      TZ: 'Europe/Berlin',
    };
    const secrets = { MCP_SERVER_API_KEY: 'secret', npm_config__auth: 'secret', AWS_SECRET_ACCESS_KEY: 'secret' };
    const hostEnv = { ...company, ...secrets, PATH: `${own}:/usr/bin:/x/node_modules/.bin:/bin` };
    const { worker, log } = await started(['--proxy'], { hostEnv, env: { TZ: 'its own' } });
    const { NODE_V8_COVERAGE: _coverage, ...env } = JSON.parse(await say(worker, 'env'));
    expect(env).toEqual({ ...company, TZ: 'its own', PATH: `/usr/bin:/bin:${own}:/x/node_modules/.bin` });
    await until(() => log.some(({ line }) => line === 'proxy http://***@proxy:3128'));
    expect(JSON.stringify(log)).not.toContain('secret');
  });

  test('has its standard error in the log, line by line and bounded', async () => {
    const { worker, log } = await started(['--talk']);
    const logged = () => log.filter(({ message }) => message.startsWith('wrote'));
    await until(() => logged().length === 2);
    expect(logged()[1]).toMatchObject({ upstream: 'The upstream odd', pid: worker.pid, line: 'hello from stderr' });
    expect(await say(worker, 'stderr_flood')).toBe('said');
    await until(() => logged().length === 200);
    expect(await say(worker, 'echo', { text: 'well' })).toBe('well');
    expect(logged()).toHaveLength(200);
  });

  test('tells how it ended, with its last words', async () => {
    const { worker } = await started(['--talk']);
    await expect(say(worker, 'exit')).rejects.toThrow(/^ended before it had answered: /);
    expect(await worker.gone).toMatchObject({
      exitCode: 7,
      signal: null,
      lastLines: ['starting', 'hello from stderr'],
    });
  });

  test('is forgiven lines that are not MCP, with one warning', async () => {
    const { worker, log } = await started(['--garbage-first']);
    expect(await say(worker, 'echo', { text: 'still here' })).toBe('still here');
    expect(log.filter(({ message }) => message.includes('not MCP'))).toHaveLength(1);
  });

  test.each(['--byte-order-mark', '--pretty', '--crlf', '--text-ids', '--no-version'])(
    'may write its messages in a form of its own: %s',
    async (flag) => {
      const { worker, log } = await started([flag]);
      expect(await say(worker, 'echo', { text: 'a { "b" [' })).toBe('a { "b" [');
      expect((await worker.connection.listAll()).tools.length).toBeGreaterThan(5);
      await worker.ping(forever);
      expect(log.filter(({ message }) => message.includes('not MCP'))).toEqual([]);
    },
  );

  test('tells all progress of a call before its result', async () => {
    const { worker } = await started();
    const heard: unknown[] = [];
    const from = { signal: forever, capabilities: {}, notify: ({ params }: McpNotification) => heard.push(params) };
    const request = { method: 'tools/call', params: { name: 'progress', arguments: {} } };
    const timeouts = { idleMs: 60_000, totalMs: 60_000 };
    await worker.connection.request(request, { from, timeouts }).then(() => heard.push('result'));
    expect(heard).toEqual([{ progress: 1, total: 2 }, { progress: 2, total: 2 }, 'result']);
  });

  test.each([true, false])('fails only the call whose answer is too long, with its id first: %s', async (first) => {
    const { worker } = await started([], { maxLineBytes: 1_000_000 });
    const other = say(worker, 'sleep', { ms: 300 });
    await expect(say(worker, 'long', { bytes: 1_500_000, first })).rejects.toThrow('more than 1000000 bytes');
    expect(await other).toBe('slept');
    expect(await say(worker, 'echo', { text: 'well' })).toBe('well');
  });

  const floods: [string, string, RegExp][] = [
    ['sends a line without an end', 'endless_line', /wrote a line of more than 1000000 bytes \(killed by SIGKILL\)/],
    ['sends nothing but what is not MCP', 'garbage', /wrote too much that is not MCP \(killed by SIGKILL\)/],
    ['sends half a message and goes', 'half_a_frame', /^exited with code 0$/],
    ['goes', 'exit', /^exited with code 7$/],
  ];
  test.each(floods)('fails its calls when it %s', async (_name, tool, reason) => {
    const { worker } = await started([], { maxLineBytes: 1_000_000, maxGarbageBytes: 1_000_000 });
    await expect(say(worker, tool)).rejects.toThrow(/^ended before it had answered: /);
    expect((await worker.gone).message).toMatch(reason);
    expect(isAlive(worker.pid)).toBe(false);
  });

  test('is of no use once it takes no more input', async () => {
    const { worker } = await started(['--ignore-eof']);
    expect(await say(worker, 'deaf')).toBe('what?');
    await expect(say(worker, 'echo')).rejects.toThrow('it closed its input');
    expect((await worker.gone).message).toBe('it closed its input (killed by SIGKILL)');
  });

  test('is killed when neither the end of its input nor SIGTERM ends it, with all that it has started', async () => {
    const { worker } = await started(['--ignore-eof', '--ignore-sigterm']);
    const child = Number(await say(worker, 'child'));
    expect(isAlive(child)).toBe(true);
    await worker.close();
    expect((await worker.gone).message).toBe('it was closed (killed by SIGKILL)');
    await until(() => !isAlive(child));
  });

  test('takes what it has started with it when it ends by itself', async () => {
    const { worker } = await started();
    const child = Number(await say(worker, 'child'));
    process.kill(worker.pid, 'SIGKILL');
    expect((await worker.gone).message).toBe('killed by SIGKILL');
    await until(() => !isAlive(child));
  });

  test('goes when the hub is killed', async () => {
    const script = `
      import { misbehaving, forever } from '${new URL('stdio-kit.ts', import.meta.url).href}';
      const worker = await misbehaving().start(forever);
      console.log(worker.pid);`;
    const hub = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(hub.stdout), 'line');
    expect(isAlive(Number(line))).toBe(true);
    hub.kill('SIGKILL');
    await until(() => !isAlive(Number(line)));
  });

  const unstartable: [string, Partial<StdioServerOptions>, RegExp][] = [
    [
      'a program that is not there',
      { command: '/opt/no-such-program' },
      /there is no program "no-such-program"; install/,
    ],
    ['a file that may not be executed', { command: fileURLToPath(import.meta.url) }, /chmod \+x/],
    ['a folder that is not there', { cwd: '/no/such/folder' }, /its "cwd" in mesh.json is not a folder/],
    [
      'a program that ends',
      { args: ['-e', 'console.error("MY_TOKEN is required"); process.exit(3)'] },
      /cannot be started: exited with code 3; its last words on standard error: MY_TOKEN is required/,
    ],
  ];
  test.each(unstartable)('is not had from %s, which is told with the next step', async (_name, options, message) => {
    await expect(misbehaving([], options).start(forever)).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(message),
    });
  });

  test('is given up when its start is', async () => {
    const controller = new AbortController();
    const silent = misbehaving([], { args: ['-e', 'console.error("up"); setInterval(() => {}, 1000)'] });
    const start = silent.start(controller.signal);
    await until(() => silent.log.some(({ line }) => line === 'up'));
    controller.abort(new Error('enough'));
    await expect(start).rejects.toThrow('enough');
    const pid = Number(silent.log[0]?.['pid']);
    await until(() => !isAlive(pid));
  });
});
