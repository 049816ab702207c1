import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { explainBwrap } from '@toolmesh/shared/kit/jail/explain-bwrap';
import type { HostPaths } from './host-paths.ts';
import { findProgram } from './installs.ts';
import { jailArguments } from './jail-arguments.ts';

/** The path of a bubblewrap that has made a jail here, or the reason why none can be had, and the cure. */
export type FoundBwrap = { readonly path: string } | { readonly reason: string };

const TRY_TIMEOUT_MS = 10_000;
const NO_PROC = /Can't mount proc/;

/** Looks for bubblewrap and makes a jail with it. Never rejects. */
export async function findBwrap(path: string, host: HostPaths): Promise<FoundBwrap> {
  if (process.platform !== 'linux') return { reason: 'jails need Linux; elsewhere run the mesh with Docker' };
  const bwrap = findProgram('bwrap', `${path}:/usr/bin:/bin`, host);
  if (bwrap === undefined) return { reason: 'bubblewrap is not installed. Run apt-get install bubblewrap' };
  const plan = {
    homeSource: undefined,
    host,
    shown: [],
    cwd: '/',
    hasNetwork: true,
    command: ['/usr/bin/env', 'true'],
  };
  try {
    await promisify(execFile)(bwrap, jailArguments(plan), { timeout: TRY_TIMEOUT_MS, env: {}, cwd: '/' });
    return { path: bwrap };
  } catch (error) {
    const cure = 'this container hides parts of /proc, so that no jail can have one of its own';
    return { reason: explainBwrap(error, [[NO_PROC, cure]]) };
  }
}
