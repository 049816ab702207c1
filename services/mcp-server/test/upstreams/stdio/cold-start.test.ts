import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, jest, test } from '@jest/globals';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { downloads } from '../../../src/upstreams/stdio/downloads.ts';
import { workOf } from '../../../src/upstreams/stdio/process-tree.ts';
import { createStartWatch } from '../../../src/upstreams/stdio/start-watch.ts';
import { areAllUp, call, checksOf, startHub } from '../../mesh-of-tests.ts';
import { forever } from './stdio-kit.ts';

jest.setTimeout(60_000);

const file = fileURLToPath(new URL('counter-server.ts', import.meta.url));

/** A program named npx that waits until it may go on, as if for a download. */
function slowNpx() {
  const folder = mkdtempSync(join(tmpdir(), 'npx-'));
  const [command, gate, starts] = ['npx', 'gate', 'starts'].map((name) => join(folder, name));
  const script = `#!/bin/sh
echo started >> ${starts}
echo "fetching the server with http://ann:secret@proxy" >&2
while [ ! -f ${gate} ]; do sleep 0.1; done
exec ${process.execPath} ${file}
`;
  writeFileSync(String(command), script);
  chmodSync(String(command), 0o755);
  return {
    entry: { command, sandbox: { enabled: false }, workers: { min: 3 } },
    open: () => writeFileSync(String(gate), ''),
    starts: () => (existsSync(String(starts)) ? readFileSync(String(starts), 'utf8').trim().split('\n').length : 0),
  };
}

describe('a command that downloads before it answers', () => {
  test('is waited for, by one process, and all who ask are told', async () => {
    const npx = slowNpx();
    const hub = await startHub({ slow: npx.entry });
    const statsOf = async () => (await request(`${hub.url}/stats`)).body.upstreams.slow;
    await until(async () => (await statsOf()).last_error?.includes('fetching') === true);
    const words =
      /starting since \d+ s: npx may be downloading packages.*its last line on standard error: fetching the server with http:\/\/\*\*\*@proxy/;
    expect(await statsOf()).toMatchObject({ status: 'down', last_error: expect.stringMatching(words) });
    expect((await checksOf(hub))['slow']).toMatchObject({ status: 'degraded', detail: expect.stringMatching(words) });
    const early = await fetch(`${hub.url}/tools/count`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(early.status).toBe(503);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Object(await early.json()).error.message).toMatch(words);
    expect(npx.starts()).toBe(1);

    npx.open();
    await until(() => areAllUp(hub));
    expect((await call(hub, 'count')).status).toBe(200);
    await until(async () => (await statsOf()).workers.total === 3);
    expect(npx.starts()).toBe(3);
  });

  test('is recognized', () => {
    const commands = ['npx -y x', '/usr/bin/uvx x', 'npm exec x', 'pnpm dlx x', 'uv tool run x', 'docker run -i x'];
    expect(commands.filter((command) => !downloads(...split(command)))).toEqual([]);
    expect(
      ['node x.js', 'uv pip x', 'docker exec x', 'python -m x'].filter((command) => downloads(...split(command))),
    ).toEqual([]);
  });
});

const split = (command: string): [string, readonly string[]] => {
  const [program = '', ...args] = command.split(' ');
  return [program, args];
};

describe('the watch over a start', () => {
  const log: { message: string; detail?: string }[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'debug',
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  });
  const watchOf = (idleMs: number) =>
    createStartWatch({ name: 'slow', command: 'npx', args: [], idleMs, logger, everyMs: 20, reportMs: 50 });

  test('reports now and then, and gives up a process that does nothing', async () => {
    const child = spawn('/bin/sleep', ['60']);
    const spawned = { pid: child.pid ?? 0, gone: new Promise<never>(() => {}), lastLines: ['resolving'] };
    const watch = watchOf(500);
    const started = watch.run(
      (signal, onSpawn) =>
        new Promise((_resolve, reject) => {
          onSpawn(spawned);
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      forever,
    );
    expect(watch.describe()).toMatch(/^starting since 0 s: npx may be downloading packages/);
    await expect(started).rejects.toMatchObject({
      code: 'upstream_timeout',
      message: expect.stringMatching(/nothing has happened for 1 s.*last line on standard error: resolving/),
    });
    expect(log).toContainEqual(expect.objectContaining({ message: 'a command is still starting', level: 'warn' }));
    expect(watch.describe()).toBeUndefined();
    child.kill();
  });

  test('sees the work of a process and of what it has started', async () => {
    const busy = `require('child_process').spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })`;
    const child = spawn(process.execPath, ['-e', busy], { stdio: 'ignore', detached: true });
    const pid = child.pid ?? 0;
    await until(() => (workOf(pid)?.cpuSeconds ?? 0) > 1);
    process.kill(-pid, 'SIGKILL');
    await until(() => workOf(pid) === undefined);
    expect(workOf(2 ** 22 + 1)).toBeUndefined();
  });
});
