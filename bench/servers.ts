import { spawn, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** True where servers and load can have a core each. */
export const hasTwoCores =
  cpus().length > 1 && spawnSync('taskset', ['-p', '1', String(process.pid)], { stdio: 'ignore' }).status === 0;

/** Begins a command that runs on the first core, where there are two. */
export const ON_FIRST_CORE: readonly string[] = hasTwoCores ? ['taskset', '-c', '0'] : [];

/** Puts this process, which makes the load, on the second core; the servers get the first. */
export function takeSecondCore(): void {
  if (hasTwoCores) spawnSync('taskset', ['-a', '-p', '2', String(process.pid)], { stdio: 'ignore' });
}

/** Describes the machine that figures were measured on, for the head of a report. */
export function machine(): string {
  const cores = hasTwoCores ? 'servers on one core, load on another' : 'servers and load on the same core';
  return `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}; ${cores}`;
}

export interface BenchServer {
  readonly url: string;
  readonly pid: number;
}

const stops: (() => void)[] = [];

/** Keeps what ends a server until all are stopped. */
export function stopLater(stop: () => void): void {
  stops.push(stop);
}

/** Ends every server that was started here. */
export function stopServers(): void {
  for (const stop of stops.splice(0)) stop();
}

export interface StartOptions {
  readonly args?: readonly string[] | undefined;
  /** Folder of another checkout of the project that has the script. */
  readonly root?: string | undefined;
}

/** Those of `npm start`: the space for young objects would grow by 128 MiB under load, whatever the server keeps. */
const NODE_FLAGS = ['--max-semi-space-size=2'];

/** Starts a server on the first core; it says its port, or logs `listening`. */
export async function startServer(
  path: string,
  env: Record<string, string> = {},
  { args = [], root = ROOT }: StartOptions = {},
): Promise<BenchServer> {
  const [command, ...first] = [...ON_FIRST_CORE, process.execPath];
  const child = spawn(command ?? process.execPath, [...first, ...NODE_FLAGS, join(root, path), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stops.push(() => child.kill('SIGKILL'));
  for await (const line of createInterface(child.stdout)) {
    const url = urlIn(line);
    if (url === undefined) continue;
    child.stdout.resume();
    return { url, pid: child.pid ?? 0 };
  }
  throw new Error(`${path} did not start`);
}

function urlIn(line: string): string | undefined {
  if (/^\d+$/.test(line)) return `http://127.0.0.1:${line}`;
  const { message, url } = JSON.parse(line);
  return message === 'listening' ? url : undefined;
}
