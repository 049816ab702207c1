// Runs on whatever Node the machine has, before anything is installed: no dependencies, no TypeScript.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MIN_NODE_MAJOR = 24;

const inRoot = (path) => `${ROOT}${path}`;

/** The Node that the project brings along, or the running one where that is new enough. */
export function projectNode() {
  const own = inRoot('node_modules/.bin/node');
  if (existsSync(own)) return own;
  if (Number.parseInt(process.versions.node, 10) >= MIN_NODE_MAJOR) return process.execPath;
  fail(
    `Toolmesh brings its own Node ${MIN_NODE_MAJOR} on Linux (x64, arm64); ` +
      `this system needs one installed: found ${process.version}. See https://nodejs.org, then start again.`,
  );
}

/** Installs the dependencies when they are missing or older than the lockfile. */
export function ensureInstalled() {
  if (isInstalled()) return;
  process.stdout.write('Installing what Toolmesh needs (this takes about half a minute, once) ...\n');
  const [command, ...args] = npmCommand();
  const { status, error } = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) fail(`npm ci failed${error === undefined ? '' : `: ${error.message}`}; mend that and start again.`);
}

function isInstalled() {
  const installed = inRoot('node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  return statSync(installed).mtimeMs >= statSync(inRoot('package-lock.json')).mtimeMs;
}

/** The npm that runs this script, by its file: there may be none on the PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  return npm === undefined ? ['npm'] : [process.execPath, npm];
}

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
