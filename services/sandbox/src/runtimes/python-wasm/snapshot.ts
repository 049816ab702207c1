import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Guest } from '../isolate/guest.ts';
import { loadInterpreter, snapshotIngredients } from './interpreter.ts';
import { loadPyodideAssets } from './pyodide-assets.ts';

const NAME = /^python-[0-9a-f]{16}\.snapshot$/;

/** Returns the path of the interpreter's saved memory, named after all that it depends on, so that a stale one is never read. */
export function snapshotPath(directory: string, guest: Guest): string {
  const { moduleScript, loaderScript, lock } = loadPyodideAssets();
  const hash = createHash('sha256');
  for (const part of [process.version, process.arch, moduleScript, loaderScript, lock, snapshotIngredients(guest)]) {
    hash.update(part);
  }
  return join(directory, `python-${hash.digest('hex').slice(0, 16)}.snapshot`);
}

export function readSnapshot(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer;
}

/** Starts Python once from nothing, which takes about 1.5 s, and writes its memory (32 MB) to `path`. */
export async function writeSnapshot(path: string, guest: Guest): Promise<void> {
  const interpreter = await loadInterpreter(guest);
  const memory = await interpreter.save();
  const directory = join(path, '..');
  mkdirSync(directory, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, Buffer.from(memory));
  // Workers are other users than the service, whatever its umask is.
  chmodSync(unfinished, 0o644);
  // A reader sees the whole file or none, also when two services make it at the same time.
  renameSync(unfinished, path);
  for (const name of readdirSync(directory)) {
    if (NAME.test(name) && join(directory, name) !== path) rmSync(join(directory, name), { force: true });
  }
}
