import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const RUNTIMES = fileURLToPath(new URL('./', import.meta.url));
const WORKERS = [
  new URL('./javascript/worker.ts', import.meta.url),
  new URL('./python-wasm/worker.ts', import.meta.url),
];
/** Files that workers read and do not import. */
const READ = /(?:^|\/)prelude[/.]|\.py$/;
/** An import of ours that is there when the module runs: types are not. */
const IMPORT = /(^(?:import|export) (?!type )[^']*?\bfrom |\bimport\()'((?:\.|@toolmesh\/)[^'\n]+)'/gm;

/** Returns where {@link prepareWorkerScripts} puts a script, in the folder that it returns. */
export const scriptPath = (file: string): string => relative(ROOT, file).replace(/\.[jt]s$/, '.mjs');

/**
 * Makes the scripts of workers JavaScript, with all that they import of ours and the files that they read, in a folder
 * below `cacheDirectory` that is named after the contents. No compile cache reaches a jail: each worker would load Node's
 * type stripper, which takes 50 ms and 11 MiB.
 */
export function prepareWorkerScripts(cacheDirectory: string): string {
  const scripts = scriptsFrom(WORKERS.map((url) => fileURLToPath(url)));
  const reads = filesRead();
  const hash = createHash('sha256').update(process.version);
  for (const [file, text] of [...scripts, ...reads]) hash.update(`${relative(ROOT, file)}\0${text}\0`);
  const directory = join(cacheDirectory, `scripts-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return directory;

  const unfinished = `${directory}.${process.pid}`;
  for (const [file, text] of scripts) write(join(unfinished, scriptPath(file)), toJavaScript(file, text));
  for (const [file, text] of reads) write(join(unfinished, relative(ROOT, file)), text);
  try {
    renameSync(unfinished, directory);
  } catch {
    // Two services may do this at the same time: the second finds it done.
    rmSync(unfinished, { recursive: true, force: true });
  }
  return directory;
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
