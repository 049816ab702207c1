import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadConfig, serviceConfig } from '../kit/service/config.ts';
import { createApp } from '../kit/http/app.ts';
import { listen, portOf } from '../kit/http/listen.ts';
import { createLogger } from '../kit/telemetry/logger.ts';
import { createMetrics } from '../kit/telemetry/metrics.ts';
import type { ToolDefinition } from '../kit/tools/tool.ts';
import { toolServiceParts } from '../kit/service/tool-service.ts';

/** An answer as tests look at it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line no-explicit-any -- tests assert on shapes; that is where a wrong one shows
  readonly body: any;
}

/** Sends one request; the body of the answer is JSON where it says so, else text. */
export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? await response.json() : await response.text(),
  };
}

/** Posts JSON. */
export function post(url: string, body: unknown, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  headers.set('content-type', 'application/json');
  return request(url, { method: 'POST', body: JSON.stringify(body), ...init, headers });
}

/** Serves `tools` in this process on a free port, as a whole service; `lines` are its log. */
export async function serveTools(tools: readonly ToolDefinition[], env: Record<string, string> = {}, port = 0) {
  const lines: string[] = [];
  const config = loadConfig(serviceConfig(0, {}), env);
  const logger = createLogger({
    service: 'test',
    level: env['LOG_LEVEL'] ?? 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  const metrics = createMetrics();
  const parts = toolServiceParts('test', { tools }, { config, logger, metrics });
  const app = createApp({ ...parts, service: 'test', config, logger, metrics });
  return { ...(await listen(app, port)), lines };
}

/** Serves `listener` on a free port: a peer that can be as slow, broken or silent as a test needs. */
export async function serveRaw(listener: RequestListener, port = 0) {
  const server: Server = createServer(listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = portOf(server);
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Polls until `condition` holds; the test's own time limit is the end of the wait. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(25);
}

/** Whether this machine lets `user` make the jail that Python in namespaces needs. */
export function canJail(user: User = {}): boolean {
  const make = ['bwrap', '--unshare-pid', '--unshare-net', '--ro-bind', '/', '/', '/usr/bin/python3', '-V'];
  return spawnSync('/usr/bin/env', make, { ...user, stdio: 'ignore', cwd: '/' }).status === 0;
}

/** A port that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = await serveRaw(() => {});
  await server.stop();
  return server.port;
}

export interface ServiceProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Everything that it has logged, as parsed lines. */
  readonly log: readonly Record<string, unknown>[];
  /** Resolves when it is gone. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop and waits for it. */
  stop(): Promise<void>;
}

/** A service that ended instead of listening. */
export class StartFailure extends Error {
  readonly code: number | null;

  constructor(code: number | null, stderr: string) {
    super(stderr);
    this.code = code;
  }
}

/** Whom a service runs as, where that is not who runs the tests; root may choose. */
export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Where chats of tests are kept, apart from what a user of this machine keeps. */
export const CHAT_DATA_DIR = mkdtempSync(join(tmpdir(), 'chats-'));

/**
 * Starts a service in a process of its own, on a free port unless `env` names one, and waits until it listens.
 * @throws StartFailure with what it wrote to standard error.
 */
export async function startService(
  main: URL,
  env: Record<string, string> = {},
  user: User = {},
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [fileURLToPath(main)], {
    ...user,
    env: { PATH: process.env['PATH'], PORT: '0', CHAT_DATA_DIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const log: Record<string, unknown>[] = [];
  const url = await untilListening(child, log);
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    log,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function untilListening(child: ChildProcess, log: Record<string, unknown>[]): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the service has no output to read');
  let words = '';
  stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new StartFailure(code, words)));
    createInterface(stdout).on('line', (line) => {
      const entry = JSON.parse(line);
      log.push(entry);
      if (entry.message === 'listening') resolve(entry.url);
    });
  });
}
