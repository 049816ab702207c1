import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Longer than the largest of them takes over a slow line. */
const INSTALL_TIMEOUT_MS = 900_000;
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'toolmesh-outside');

/** Something that cannot be had on this machine: what needs it is left out, and the report says why. */
export class NotToBeHad extends Error {}

/** Installs packages of PyPI into an environment of their own, once, and returns its folder of programs. */
export async function installPython(name: string, packages: readonly string[]): Promise<string> {
  const folder = await installOnce({ kind: 'python', name, packages }, async (path) => {
    await run('python3', ['-m', 'venv', path]);
    const options = ['install', '--quiet', '--disable-pip-version-check'];
    await run(join(path, 'bin', 'pip'), [...options, ...packages], { timeout: INSTALL_TIMEOUT_MS });
  });
  return join(folder, 'bin');
}

/** Installs packages of npm into a folder of their own, once, and returns their `node_modules`. */
export async function installNpm(name: string, packages: readonly string[]): Promise<string> {
  const folder = await installOnce({ kind: 'npm', name, packages }, async (path) => {
    writeFileSync(join(path, 'package.json'), '{"private":true}');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    await run('npm', ['install', ...options, ...packages], { cwd: path, timeout: INSTALL_TIMEOUT_MS });
  });
  return join(folder, 'node_modules');
}

/** Builds programs of Go modules, once, and returns the folder that has them; modules are in `pkg/mod` beside it. */
export async function installGo(name: string, programs: readonly string[], modules: readonly string[] = []) {
  const folder = await installOnce({ kind: 'go', name, packages: [...programs, ...modules] }, async (path) => {
    const env = { ...process.env, GOPATH: path, GOFLAGS: '-modcacherw' };
    const options = { env, cwd: path, timeout: INSTALL_TIMEOUT_MS };
    for (const module of modules) await run('go', ['mod', 'download', module], options);
    for (const program of programs) await run('go', ['install', program], options);
  });
  return { programs: join(folder, 'bin'), modules: join(folder, 'pkg', 'mod') };
}

interface Wanted {
  readonly kind: string;
  readonly name: string;
  readonly packages: readonly string[];
}

/** Runs an installation into a folder that is kept; one that was broken off is done again. */
async function installOnce({ kind, name, packages }: Wanted, install: (folder: string) => Promise<void>) {
  const hash = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 8);
  const folder = join(CACHE, `${kind}-${name}-${hash}`);
  const stamp = join(folder, '.installed');
  if (existsSync(stamp)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await install(folder);
  } catch (error) {
    const words = Error.isError(error) ? error.message.trim().split('\n').slice(-1).join('') : String(error);
    throw new NotToBeHad(`${packages.join(' ')} could not be installed: ${words}`, { cause: error });
  }
  writeFileSync(stamp, packages.join('\n'));
  return folder;
}
