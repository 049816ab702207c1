import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { type BenchServer, ON_FIRST_CORE, stopLater } from '../servers.ts';

export interface PeerCommand {
  readonly command: string;
  /** PORT stands for the port that it shall listen on. */
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
}

/** The largest of them takes a minute on a busy core. */
const START_TIMEOUT_MS = 240_000;

/** Starts a program on the first core and waits until it answers HTTP. @throws Error with its last words. */
export async function startPeer({ command, args, env = {} }: PeerCommand): Promise<BenchServer> {
  const port = await freePort();
  const words = [...ON_FIRST_CORE, command, ...args.map((arg) => arg.replace('PORT', String(port)))];
  // They keep files where they are started.
  const cwd = mkdtempSync(join(tmpdir(), 'peer-'));
  const child = spawn(words[0] ?? command, words.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  stopLater(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-500);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && performance.now() < until) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return { url, pid: child.pid ?? 0 };
    await sleep(200);
  }
  throw new Error(`it did not start: ${said.trim().split('\n').slice(-3).join(' ')}`);
}
