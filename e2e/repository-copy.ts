import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const LEFT_OUT = new Set(['.git', '.env', 'data', 'dist', 'node_modules', 'reports']);

/** A copy of the repository that a test may change. */
export interface RepositoryCopy {
  readonly root: string;
  /** Runs `node` there, with the project's tools on the PATH; never throws. */
  run(...args: readonly string[]): { readonly status: number | null; readonly output: string };
  remove(): void;
}

/** Copies the repository to a temporary folder. Its packages are links to the installed ones, its workspaces its own. */
export function copyRepository(): RepositoryCopy {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'repository-')));
  cpSync(ROOT, root, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  linkPackages(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'services'))) {
    const own = join('services', name, 'node_modules');
    if (readdirSync(join(ROOT, 'services', name)).includes('node_modules'))
      symlinkSync(join(ROOT, own), join(root, own));
  }
  return {
    root,
    run(...args) {
      const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` };
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
      return { status, output: stdout + stderr };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function linkPackages(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    // Links to workspaces are relative, so that they lead to the copy's.
    if (name === '@toolmesh') cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
    else symlinkSync(join(from, name), join(to, name));
  }
}
