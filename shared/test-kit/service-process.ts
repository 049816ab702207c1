import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { INHERITED_ENV, TEST_ENV } from './test-env.ts';
import type { TestedService } from './tested-service.ts';

/** A service in a process of its own. */
export interface ServiceProcess extends TestedService {
  readonly pid: number;
  /** Resolves when it is gone. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/** A service that ended instead of listening. */
export class StartFailure extends Error {
  readonly code: number | null;

  constructor(code: number | null, stderr: string) {
    super(stderr);
    this.code = code;
  }
}

/** The user that a service runs as, by default the one that runs the tests; root may choose. */
export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Returns a command that gives what follows a small disk of its own, mounted on a folder. */
export const onSmallDisk = (directory: string, kib: number): readonly string[] => [
  'unshare',
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${kib}k tmpfs "$0" && exec "$@"`,
  directory,
];

/**
 * Starts a service in a process of its own, on a free port unless `env` names one, and waits until it listens.
 * `through`: a command that runs it.
 * @throws StartFailure with what it wrote to standard error.
 */
export async function startServiceProcess(
  main: URL,
  env: Record<string, string> = {},
  { through = [], ...user }: User & { readonly through?: readonly string[] } = {},
): Promise<ServiceProcess> {
  const [command, ...args] = [...through, process.execPath, fileURLToPath(main)];
  const child = spawn(command, args, {
    ...user,
    env: { ...INHERITED_ENV, ...TEST_ENV, ...env },
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
