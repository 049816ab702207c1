import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TIMEOUT_MS = 10_000;
/** Folders in which a system has its programs. */
const USUAL = ['/usr/local/bin', '/usr/bin', '/bin'];

/** Returns the path of a program of the system, which `more` folders may have, too; undefined where there is none. */
export async function findProgram(name: string, more: readonly string[] = []): Promise<string | undefined> {
  for (const folder of [...USUAL, ...more]) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Returns what an interpreter says of itself, by the lines; undefined when it fails. It sees nothing of our environment. */
export async function ask(file: string, args: readonly string[]): Promise<readonly string[] | undefined> {
  try {
    const { stdout } = await promisify(execFile)(file, args, { timeout: TIMEOUT_MS, env: ENVIRONMENT, cwd: '/' });
    return stdout.split('\n').map((line) => line.trim());
  } catch {
    return undefined;
  }
}

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8' } as const;
