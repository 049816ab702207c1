// Runs on whatever Node the machine has, before anything is installed: no dependencies, no TypeScript.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
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

const PAGE = 'services/middleware/web/';

/** Builds the chat page when it is missing or older than what it is made of; that takes about a second. */
export function ensurePageBuilt() {
  const built = inRoot(`${PAGE}dist/index.html`);
  if (existsSync(built) && statSync(built).mtimeMs >= newestOf(['package-lock.json', ...pageSources()])) return;
  const { status, error } = spawnSync(projectNode(), [`${PAGE}build.ts`], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status === 0) return;
  // All but the page works without it, and the page's address says what to do.
  process.stderr.write(`The chat page was not built${error === undefined ? '' : `: ${error.message}`}; see above.\n`);
}

function pageSources() {
  const sources = readdirSync(inRoot(`${PAGE}src`), { recursive: true, encoding: 'utf8' });
  return ['build.ts', 'index.html', ...sources.map((name) => `src/${name}`)].map((name) => `${PAGE}${name}`);
}

const newestOf = (paths) => Math.max(...paths.map((path) => statSync(inRoot(path)).mtimeMs));

/** The npm that runs this script, by its file: there may be none on the PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  return npm === undefined ? ['npm'] : [process.execPath, npm];
}

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
