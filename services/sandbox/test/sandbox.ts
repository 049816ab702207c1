import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';
import { post } from '@toolmesh/shared/test-kit/requests';
import { startServiceProcess, type User } from '@toolmesh/shared/test-kit/service-process';

const NOBODY: User = { uid: 65_534, gid: 65_534 };

export const MAIN = new URL('../src/main.ts', import.meta.url);

/** The levels of isolation that this machine can give Python. */
export const PYTHON_LEVELS: readonly string[] = canJail() ? ['wasm', 'namespaces'] : ['wasm'];

/** A running sandbox with the canary `canary-of-the-service` in its environment. */
export async function startSandbox(env: Record<string, string> = {}, user?: User) {
  const service = await startServiceProcess(MAIN, { CANARY: 'canary-of-the-service', ...env }, user);
  const execute = (program: object, init: RequestInit = {}) => post(`${service.url}/execute`, program, init);
  return {
    ...service,
    execute,
    /** Runs a program that the sandbox accepts; returns its result. */
    async run(program: object) {
      const { status, body } = await execute(program);
      expect(status).toBe(200);
      return body;
    },
  };
}
export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** Whom the sandbox can run as here: who runs the tests, and for root a user who is nobody, too. */
export const USERS: readonly (readonly [string, User])[] =
  process.getuid?.() !== 0
    ? [['an ordinary user', {}]]
    : [['root', {}], ...(canRun(NOBODY) ? [['an ordinary user', NOBODY] as const] : [])];

/** A user who can neither read the project nor make a jail cannot run the service. */
function canRun(user: User): boolean {
  const readable = spawnSync('/usr/bin/test', ['-r', fileURLToPath(MAIN)], { ...user, cwd: '/' });
  return readable.status === 0 && canJail(user);
}

/** A folder for what the sandbox keeps, which `user` can write, and every user of a worker can read. */
export function cacheFor({ uid, gid }: User): string {
  const directory = mkdtempSync(join(tmpdir(), 'toolmesh-sandbox-'));
  chmodSync(directory, 0o755);
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
  return directory;
}

export const contentOf = (artifact: { data: string }): string => Buffer.from(artifact.data, 'base64').toString();
