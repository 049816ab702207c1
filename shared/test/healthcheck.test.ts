import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const CHECK = fileURLToPath(new URL('../kit/service/healthcheck.ts', import.meta.url));
const SERVER = `require('node:http').createServer((_, res) => res.end()).listen(0, function () { console.log(this.address().port) });`;

test('the health check of containers ends the process on its port when it hangs, after half a minute of checks', async () => {
  const TMPDIR = mkdtempSync(join(tmpdir(), 'health-'));
  const child = spawn(process.execPath, ['--eval', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [port] = await once(createInterface(child.stdout), 'line');
  const check = async () => {
    const [code] = await once(spawn(process.execPath, [CHECK, String(port)], { env: { TMPDIR } }), 'exit');
    return code;
  };
  expect(await check()).toBe(0);
  child.kill('SIGSTOP');
  const codes = [];
  while (child.signalCode === null && codes.length < 10) codes.push(await check());
  expect(codes).toEqual(Array.from({ length: 6 }, () => 1));
  expect(await exited).toEqual([null, 'SIGKILL']);
  expect(await check()).toBe(1);
}, 120_000);
