import { findPackageJSON } from 'node:module';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FoundJail } from '../jail/find-jail.ts';
import type { ReadOnlyMount } from '../jail/jail.ts';
import type { WorkerCommand } from '../workers/conversation.ts';
import { scriptPath } from './worker-scripts.ts';

/** A worker that is a script of ours on Node, by itself or in a jail. */
export interface NodeWorker {
  readonly script: URL;
  /** npm packages that the script imports: all that a jail shows of `node_modules`. */
  readonly imports: readonly string[];
  /** Files or folders that it reads, passed as its arguments. */
  readonly reads: readonly string[];
  /** More arguments, before those. */
  readonly options?: readonly string[];
}

/** Directory of our files in a jail. */
const HOME = '/opt/sandbox';

/** A jail, and the folder of the workers' scripts that {@link prepareWorkerScripts} has made. */
export interface NodeJail extends FoundJail {
  readonly scripts: string;
}

export function nodeWorker(
  { script, imports, reads, options = [] }: NodeWorker,
  found: NodeJail | undefined,
): WorkerCommand {
  if (found === undefined) {
    return { file: process.execPath, args: ['--no-warnings', fileURLToPath(script), ...options, ...reads] };
  }
  const given = reads.map((from, i): ReadOnlyMount => ({ from, to: `${HOME}/given/${i}-${basename(from)}` }));
  return found.jail({
    command: [
      `${HOME}/node`,
      '--no-warnings',
      `${HOME}/scripts/${scriptPath(fileURLToPath(script))}`,
      ...options,
      ...given.map(({ to }) => to),
    ],
    env: { PATH: '/usr/bin' },
    links: found.root.links,
    mounts: [
      ...found.root.mounts,
      { from: process.execPath, to: `${HOME}/node` },
      { from: found.scripts, to: `${HOME}/scripts` },
      ...imports.map((name) => ({ from: folderOf(name), to: `${HOME}/node_modules/${name}` })),
      ...given,
    ],
  });
}

function folderOf(name: string): string {
  const manifest = findPackageJSON(name, import.meta.url);
  if (manifest === undefined) throw new Error(`the package ${name} is not installed`);
  return dirname(manifest);
}
