import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FoundJail } from '../jail/find-jail.ts';
import type { ReadOnlyMount } from '../jail/jail.ts';
import type { WorkerCommand } from '../workers/conversation.ts';
import type { Unprivileged } from './unprivileged.ts';
import { packageFolder, scriptPath, type WorkerPackage } from './worker-scripts.ts';

/** A worker that is a script of ours on Node, in a jail or without rights. */
export interface NodeWorker {
  readonly script: URL;
  /** npm packages that the script imports: all that a jail shows of `node_modules`. */
  readonly imports: readonly WorkerPackage[];
  /** Files or folders that it reads, passed as its arguments. */
  readonly reads: readonly string[];
  /** More arguments, before those. */
  readonly options?: readonly string[];
}

/** The file by which the loader of addons knows which C library the system has. */
const LIBC_MARK = '/etc/alpine-release';

/** Directory of our files in a jail. */
const HOME = '/opt/sandbox';

/** A jail, and the folder of the workers' scripts that `prepareWorkerScripts` has made. */
export interface NodeJail extends FoundJail {
  readonly scripts: string;
}

/** The second best to a jail: an unprivileged user, and Node's permission model. */
export interface NodeUnjailed {
  /** The reason why there is no jail, and the way to get one. */
  readonly unjailed: string;
  readonly scripts: string;
  readonly wrap: Unprivileged;
}

export type NodeHost = NodeJail | NodeUnjailed;

export const nodeWorker = (worker: NodeWorker, host: NodeHost): WorkerCommand =>
  'jail' in host ? jailed(worker, host) : unjailed(worker, host);

/** Returns why a host's workers have no jail; undefined where they have one. */
export const whyUnjailed = (host: NodeHost): string | undefined => ('jail' in host ? undefined : host.unjailed);

function jailed({ script, imports, reads, options = [] }: NodeWorker, found: NodeJail): WorkerCommand {
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
      ...imports.map((name) => ({ from: packageFolder(name), to: `${HOME}/node_modules/${name}` })),
      ...given,
    ],
  });
}

/**
 * The process may read the worker's script, what that imports and what it is given; it may write nothing and start
 * nothing. Addons are allowed, as the isolate is one: only code that is there to be read can be loaded as one.
 */
function unjailed(
  { script, imports, reads, options = [] }: NodeWorker,
  { scripts, wrap }: NodeUnjailed,
): WorkerCommand {
  const given = reads.map((path) => realpathSync(path));
  const folders = [realpathSync(dirname(scripts)), ...imports.map(packageFolder), ...given];
  return wrap([
    process.execPath,
    '--no-warnings',
    '--permission',
    '--allow-addons',
    ...[...folders, LIBC_MARK].map((path) => `--allow-fs-read=${path}`),
    realpathSync(join(scripts, scriptPath(fileURLToPath(script)))),
    ...options,
    ...given,
  ]);
}
