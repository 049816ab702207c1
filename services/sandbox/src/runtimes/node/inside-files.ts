import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Plugin } from 'esbuild';
import { bundleScript } from '../bundle.ts';

const ENTRY = fileURLToPath(new URL('./inside/main.ts', import.meta.url));
const BOOT = fileURLToPath(new URL('./inside/boot.cjs', import.meta.url));
const CACHE_TIMEOUT_MS = 30_000;

/**
 * Makes what a worker of Node runs: its modules as one script, and V8's code cache of that, which saves half of the time
 * that the script takes to start. Returns the folder, below `cacheDirectory`, which is named after the contents and is
 * made once. Without a cache, workers start slower: `onUncached` is told why there is none.
 * @throws Error of esbuild
 */
export async function prepareInside(cacheDirectory: string, onUncached: (error: unknown) => void): Promise<string> {
  const boot = await readFile(BOOT);
  const target = `node${process.versions.node}`;
  const program = await bundleScript(ENTRY, { platform: 'node', format: 'cjs', target, plugins: [leanParser] });
  const hash = createHash('sha256').update(process.version).update(process.arch).update(boot).update(program);
  const directory = join(cacheDirectory, `node-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, 'boot.cjs'), boot);
  await writeFile(join(unfinished, 'program.cjs'), program);
  await makeCache(unfinished).catch(onUncached);
  // Workers are other users than the service, whatever its umask is.
  await chmod(unfinished, 0o755);
  // Two services may do this at the same time: the second finds it done.
  await rename(unfinished, directory).catch(() => rm(unfinished, { recursive: true, force: true }));
  return directory;
}

const ALL_EDITIONS = 'list = [9, 10, 11, 12, 13, 14]';

/** Leaves out the parser's tables for old editions of the language, whose making takes 1 ms of each start. */
const leanParser: Plugin = {
  name: 'lean-parser',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/]acorn[/]dist[/]acorn\.mjs$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(ALL_EDITIONS, 'list = [14]'),
    })),
};

async function makeCache(folder: string): Promise<void> {
  const file = join(folder, 'program.cache');
  const args = [join(folder, 'boot.cjs'), 'make-cache', file];
  await promisify(execFile)(process.execPath, args, { timeout: CACHE_TIMEOUT_MS, env: {}, cwd: '/' });
  for (const name of ['boot.cjs', 'program.cjs', 'program.cache']) await chmod(join(folder, name), 0o644);
}
