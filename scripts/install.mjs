// Runs on whatever Node the machine has, before anything is installed: no dependencies, no TypeScript.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withLock } from './install-lock.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MIN_NODE_MAJOR = 24;
/** Folder of Node's compile cache, kept from one start to the next. */
export const COMPILE_CACHE = `${ROOT}node_modules/.cache/compiled`;

const inRoot = (path) => `${ROOT}${path}`;

/** Returns the Node that the project brings along, or the running one where that is new enough. */
export function projectNode() {
  const own = inRoot('node_modules/.bin/node');
  if (existsSync(own)) return own;
  if (Number.parseInt(process.versions.node, 10) >= MIN_NODE_MAJOR) return process.execPath;
  fail(
    `Toolmesh brings its own Node ${MIN_NODE_MAJOR} on Linux (x64, arm64); ` +
      `this system needs one installed: found ${process.version}. See https://nodejs.org, then start again.`,
  );
}

const STDERR = 2;

/** Beside node_modules, which `npm ci` empties. */
const LOCK = inRoot('.installing');
/** Longer than an installation over a slow line. */
const LOCK_WAIT_MS = 600_000;

/**
 * Installs the dependencies when they are missing or not those of the lockfile. One start installs, others wait for it
 * for `waitMs`; an installation that was killed is done again by the next start.
 */
export function ensureInstalled({ waitMs = LOCK_WAIT_MS } = {}) {
  if (isInstalled()) return;
  const failure = withLock({ path: LOCK, waitMs, onWait: sayWaiting, onTimeout: describeTimeout }, () =>
    isInstalled() ? undefined : install(),
  );
  if (failure !== undefined) fail(failure);
}

const sayWaiting = (pid) => void process.stderr.write(`Waiting for process ${pid}, which is installing ...\n`);

const describeTimeout = (pid) =>
  `Process ${pid} is still installing. If it hangs, end it; if it is no start of Toolmesh, remove ${LOCK}. Then start again.`;

/** Runs `npm ci` and returns what went wrong, if anything did. */
function install() {
  // Standard output may be the channel of a protocol.
  process.stderr.write('Installing what Toolmesh needs (this takes about half a minute, once) ...\n');
  // npm writes it at the end. Removed first, so that half an installation never looks like a whole one.
  rmSync(inRoot(INSTALLED), { force: true });
  const [command, ...args] = npmCommand();
  const { status, error } = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', STDERR, STDERR],
  });
  if (status === 0) return undefined;
  return `npm ci failed${error === undefined ? '' : `: ${error.message}`}; fix that and start again.`;
}

/** The lockfile that npm keeps of what it has installed. */
const INSTALLED = 'node_modules/.package-lock.json';

/** Compares contents, not times: a checkout rewrites the lockfile, and a copy of node_modules has times of its own. */
function isInstalled() {
  const installed = packagesOf(INSTALLED);
  const { '': _project, ...wanted } = packagesOf('package-lock.json');
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity && found.link === entry.link;
  });
}

/** Returns the packages in a lockfile, by path. */
function packagesOf(lockfile) {
  return existsSync(inRoot(lockfile)) ? JSON.parse(readFileSync(inRoot(lockfile), 'utf8')).packages : {};
}

const PAGE = 'services/middleware/web/';
const PAGE_STAMP = `${PAGE}dist/.built-from`;

/** Builds the chat page when it is missing or was made of something else; that takes about a second. */
export function ensurePageBuilt() {
  const sources = hashOf(['package-lock.json', ...pageSources()]);
  if (existsSync(inRoot(`${PAGE}dist/index.html`)) && readIfThere(PAGE_STAMP) === sources) return;
  const { status, error } = spawnSync(projectNode(), [`${PAGE}build.ts`], {
    cwd: ROOT,
    stdio: ['ignore', STDERR, STDERR],
  });
  if (status === 0) return writeFileSync(inRoot(PAGE_STAMP), sources);
  // All but the page works without it, and the page's address says what to do.
  process.stderr.write(`The chat page was not built${error === undefined ? '' : `: ${error.message}`}; see above.\n`);
}

function pageSources() {
  const folder = readdirSync(inRoot(`${PAGE}src`), { recursive: true, withFileTypes: true });
  const files = folder.filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`);
  return [`${PAGE}build.ts`, `${PAGE}index.html`, ...files.map((path) => path.slice(ROOT.length)).toSorted()];
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(`${path}\0`)
      .update(readFileSync(inRoot(path)))
      .update('\0');
  return hash.digest('hex');
}

const readIfThere = (path) => (existsSync(inRoot(path)) ? readFileSync(inRoot(path), 'utf8') : undefined);

/** Returns the npm that runs this script, by its file: there may be none on the PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  return npm === undefined ? ['npm'] : [process.execPath, npm];
}

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
