// Runs on whatever Node the machine has, before anything is installed: no dependencies, no TypeScript.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MIN_NODE_MAJOR = 24;
/** Folder of Node's compile cache, kept from one start to the next. */
export const COMPILE_CACHE = `${ROOT}node_modules/.cache/compiled`;

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

/** Installs the dependencies when they are missing or not those of the lockfile. */
export function ensureInstalled() {
  if (isInstalled()) return;
  process.stdout.write('Installing what Toolmesh needs (this takes about half a minute, once) ...\n');
  const [command, ...args] = npmCommand();
  const { status, error } = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) fail(`npm ci failed${error === undefined ? '' : `: ${error.message}`}; fix that and start again.`);
}

/** Compares contents, not times: a checkout rewrites the lockfile, and a copy of node_modules has times of its own. */
function isInstalled() {
  const installed = packagesOf('node_modules/.package-lock.json');
  const { '': _project, ...wanted } = packagesOf('package-lock.json');
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity && found.link === entry.link;
  });
}

/** The packages in a lockfile, by path; npm keeps one of what it has installed in node_modules. */
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
    stdio: ['ignore', 'inherit', 'inherit'],
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

/** The npm that runs this script, by its file: there may be none on the PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  return npm === undefined ? ['npm'] : [process.execPath, npm];
}

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
