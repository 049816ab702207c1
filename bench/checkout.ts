import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Another commit of the project, in a folder of its own. */
export interface Checkout {
  readonly root: string;
  /** The commit, short. */
  readonly commit: string;
  remove(): void;
}

/**
 * Lays out a commit beside this one, with the same packages, or with its own where its lockfile is another.
 * @throws Error when there is no such commit.
 */
export function checkOut(revision: string): Checkout {
  const commit = execFileSync('git', ['rev-parse', '--short', `${revision}^{commit}`], { cwd: ROOT, encoding: 'utf8' });
  // Ignored by git, and on the file system of the packages, which are linked.
  const root = join(ROOT, 'data', `bench-${commit.trim()}/`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const files = execFileSync('git', ['archive', revision], { cwd: ROOT, maxBuffer: 1_024 ** 3 });
  execFileSync('tar', ['-x', '-C', root], { input: files });
  if (lockOf(root) === lockOf(ROOT)) linkPackages(root);
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'ignore' });
  return { root, commit: commit.trim(), remove: () => rmSync(root, { recursive: true, force: true }) };
}

const lockOf = (root: string): string => readFileSync(join(root, 'package-lock.json'), 'utf8');

function linkPackages(root: string): void {
  const services = readdirSync(join(ROOT, 'services')).map((name) => `services/${name}`);
  for (const folder of ['.', 'shared', 'services/middleware/web', ...services]) {
    const packages = join(folder, 'node_modules');
    if (!existsSync(join(ROOT, packages)) || !existsSync(join(root, dirname(packages)))) continue;
    // Links of the workspaces stay relative, and so lead into the other checkout.
    const { status } = spawnSync('cp', ['-al', join(ROOT, packages), join(root, packages)], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${packages} could not be linked into ${root}`);
  }
}
