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

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const SCRIPTS = 'scripts';
const RUNTIMES = fileURLToPath(new URL('./', import.meta.url));
const WORKERS = [
  new URL('./javascript/worker.ts', import.meta.url),
  new URL('./python-wasm/worker.ts', import.meta.url),
];
/** npm packages that workers import. */
const PACKAGES = [
  'isolated-vm',
  'node-gyp-build',
  'acorn',
  'node-inspect-extracted',
  'resolve.exports',
  'pyodide',
] as const;
export type WorkerPackage = (typeof PACKAGES)[number];
/** Files that workers read and do not import. */
const READ = /(?:^|\/)prelude[/.]|\.py$/;
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
 * Makes the scripts of workers JavaScript, with all that they import of ours and the files that they read, in a folder
 * below `cacheDirectory` that is named after the contents; returns its `scripts`. No compile cache reaches a jail: each
 * worker would load Node's type stripper, which takes 50 ms and 11 MiB. Beside the scripts, `node_modules` points at the
 * packages that they import, for workers without a jail. Every user can read all of it.
 */
export function prepareWorkerScripts(cacheDirectory: string): string {
  const scripts = scriptsFrom(WORKERS.map((url) => fileURLToPath(url)));
  const reads = filesRead();
  const packages = PACKAGES.map((name) => [name, packageFolder(name)] as const);
  const hash = createHash('sha256').update(process.version).update(JSON.stringify(packages));
  for (const [file, text] of [...scripts, ...reads]) hash.update(`${relative(ROOT, file)}\0${text}\0`);
  const directory = join(cacheDirectory, `workers-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return join(directory, SCRIPTS);

  const unfinished = `${directory}.${process.pid}`;
  for (const [file, text] of scripts) write(join(unfinished, SCRIPTS, scriptPath(file)), toJavaScript(file, text));
  for (const [file, text] of reads) write(join(unfinished, SCRIPTS, relative(ROOT, file)), text);
  letEveryoneRead(unfinished);
  mkdirSync(join(unfinished, 'node_modules'), { mode: 0o755 });
  for (const [name, folder] of packages) symlinkSync(folder, join(unfinished, 'node_modules', name));
  try {
    renameSync(unfinished, directory);
  } catch {
    // Two services may do this at the same time: the second finds it done.
    rmSync(unfinished, { recursive: true, force: true });
  }
  return join(directory, SCRIPTS);
}

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
