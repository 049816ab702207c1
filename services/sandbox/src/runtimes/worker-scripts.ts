import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { findPackageJSON, stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleGuest, guestPackages, type GuestName, guestSources } from './isolate/bundle-guest.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const SCRIPTS = 'scripts';
const RUNTIMES = fileURLToPath(new URL('./', import.meta.url));
/** The scripts that run in processes of their own. */
const ENTRIES = [
  new URL('./javascript/worker.ts', import.meta.url),
  new URL('./python-wasm/worker.ts', import.meta.url),
  new URL('../commands/make-snapshot.ts', import.meta.url),
];
/** npm packages that they import. */
const PACKAGES = ['isolated-vm', 'node-gyp-build', 'resolve.exports', 'pyodide'] as const;
export type WorkerPackage = (typeof PACKAGES)[number];
/** Files that they read and do not import. */
const READ = /\.py$/;
const GUESTS: readonly GuestName[] = ['javascript', 'python-wasm'];
/** An import of ours that is there when the module runs: types are not. */
const IMPORT = /(^(?:import|export) (?!type )[^']*?\bfrom |\bimport\()'((?:\.|@toolmesh\/)[^'\n]+)'/gm;

/** Returns where {@link prepareWorkerScripts} puts a script, in the folder that it returns. */
export const scriptPath = (file: string): string => relative(ROOT, file).replace(/\.[jt]s$/, '.mjs');

/** Returns the folder of an npm package of this project. */
export function packageFolder(name: WorkerPackage): string {
  const manifest = findPackageJSON(name, import.meta.url);
  if (manifest === undefined) throw new Error(`the package ${name} is not installed`);
  return dirname(realpathSync(manifest));
}

/**
 * Makes the scripts of workers JavaScript, with all that they import of ours and the files that they read, and bundles
 * what runs inside their isolates, in a folder below `cacheDirectory` that is named after the contents; returns its
 * `scripts`. No compile cache reaches a jail: each worker would load Node's type stripper, which takes 50 ms and 11 MiB.
 * Beside the scripts, `node_modules` points at the packages that they import, for workers without a jail. Every user can
 * read all of it.
 */
export async function prepareWorkerScripts(cacheDirectory: string): Promise<string> {
  const others = preparing.get(cacheDirectory);
  if (others !== undefined) return others;
  const prepared = prepare(cacheDirectory);
  preparing.set(cacheDirectory, prepared);
  try {
    return await prepared;
  } finally {
    preparing.delete(cacheDirectory);
  }
}

/** By directory: runtimes ask at the same time. */
const preparing = new Map<string, Promise<string>>();

async function prepare(cacheDirectory: string): Promise<string> {
  const scripts = scriptsFrom(ENTRIES.map((url) => fileURLToPath(url)));
  const reads = filesRead();
  const packages = PACKAGES.map((name) => [name, packageFolder(name)] as const);
  const hash = createHash('sha256')
    .update(process.version)
    .update(JSON.stringify([packages, guestPackages()]));
  const guest = guestSources().map((file) => [file, readFileSync(file, 'utf8')] as const);
  for (const [file, text] of [...scripts, ...reads, ...guest]) hash.update(`${relative(ROOT, file)}\0${text}\0`);
  const directory = join(cacheDirectory, `workers-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return join(directory, SCRIPTS);

  const unfinished = `${directory}.${process.pid}`;
  const folder = join(unfinished, SCRIPTS);
  for (const [file, text] of scripts) write(join(folder, scriptPath(file)), toJavaScript(file, text));
  for (const [file, text] of reads) write(join(folder, relative(ROOT, file)), text);
  mkdirSync(join(unfinished, 'node_modules'), { mode: 0o755 });
  for (const [name, path] of packages) symlinkSync(path, join(unfinished, 'node_modules', name));
  for (const name of GUESTS) write(guestPath(folder, name), await bundleGuest(name));
  await snapshotGuest(folder);
  letEveryoneRead(folder);
  chmodSync(unfinished, 0o755);
  try {
    renameSync(unfinished, directory);
  } catch {
    // Two services may do this at the same time: the second finds it done.
    rmSync(unfinished, { recursive: true, force: true });
  }
  return join(directory, SCRIPTS);
}

/** Saves the memory of an isolate that has run the guest of JavaScript, in a process of its own. */
async function snapshotGuest(folder: string): Promise<void> {
  const command = join(folder, scriptPath(fileURLToPath(new URL('../commands/make-snapshot.ts', import.meta.url))));
  const args = ['--no-warnings', command, 'javascript', guestPath(folder, 'javascript')];
  await promisify(execFile)(process.execPath, args, { timeout: SNAPSHOT_TIMEOUT_MS, env: {} });
}

const SNAPSHOT_TIMEOUT_MS = 60_000;

/** Returns the path of a guest's script among the scripts of workers. */
export const guestPath = (scripts: string, name: GuestName): string => join(scripts, 'guest', `${name}.js`);

/** Workers are other users than the service, whatever its umask is. */
function letEveryoneRead(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}

/** Returns the scripts and, over and over, those that they import, with their text. */
function scriptsFrom(entries: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const files = new Set(entries);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    texts.set(file, text);
    for (const [, , specifier = ''] of text.matchAll(IMPORT)) files.add(resolve(specifier, file));
  }
  return texts;
}

const filesRead = (): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(RUNTIMES, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && READ.test(relative(RUNTIMES, join(entry.parentPath, entry.name))))
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted()
      .map((file) => [file, readFileSync(file, 'utf8')]),
  );

function toJavaScript(file: string, text: string): string {
  const code = file.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  return code.replaceAll(IMPORT, (_match, before: string, specifier: string) => {
    const path = relative(dirname(scriptPath(file)), scriptPath(resolve(specifier, file)));
    return `${before}'${path.startsWith('.') ? path : `./${path}`}'`;
  });
}

const resolve = (specifier: string, from: string): string =>
  fileURLToPath(specifier.startsWith('.') ? new URL(specifier, `file://${from}`) : import.meta.resolve(specifier));

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
