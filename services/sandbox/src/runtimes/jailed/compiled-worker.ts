import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SystemPython } from '../../jail/system-root.ts';

/** Directory of the worker in a jail. */
export const WORKER_HOME = '/opt/sandbox';

const FOLDERS = ['./', '../python-namespaces/', '../python/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const SOURCES = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.py'))
    .sort()
    .map((name) => join(folder, name)),
);

/** Tracebacks name them as they are called in the jail; nothing is checked against a source, which is not there. */
const COMPILE = `
import os, py_compile, sys
folder, home, *sources = sys.argv[1:]
for source in sources:
    name = os.path.basename(source)
    py_compile.compile(source, os.path.join(folder, name + "c"), os.path.join(home, name), doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
`;
const COMPILE_TIMEOUT_MS = 30_000;

/**
 * The worker's own code, compiled for `python`, in a folder below `cacheDirectory` that is named after both. A jail
 * writes no bytecode: it would be compiled anew at each start, which takes longer than the interpreter needs for itself.
 */
export async function compileWorker(cacheDirectory: string, python: SystemPython): Promise<string> {
  const hash = createHash('sha256').update(python.source).update(python.version);
  for (const source of SOURCES) hash.update(basename(source)).update(await readFile(source));
  const directory = join(cacheDirectory, `worker-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  const args = ['-I', '-S', '-c', COMPILE, unfinished, WORKER_HOME, ...SOURCES];
  await promisify(execFile)(python.source, args, { timeout: COMPILE_TIMEOUT_MS, env: {}, cwd: '/' });
  // Two services may do this at the same time: the second finds it done.
  await rename(unfinished, directory).catch(() => rm(unfinished, { recursive: true, force: true }));
  return directory;
}
