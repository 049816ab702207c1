import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { StartedCommand, WrapCommand, WrappedCommand } from '../stdio-process.ts';
import { findBwrap, type FoundBwrap } from './find-bwrap.ts';
import { type HostPaths, isSystem, isWithin, kindOf, MESH_ROOT, resolvePath } from './host-paths.ts';
import { findProgram, installsFor } from './installs.ts';
import { jailArguments } from './jail-arguments.ts';
import { namedCertificates, namedPaths, pathIn, projectOf, requireShown, type Shown } from './named-paths.ts';

/** The keys of `sandbox` in mesh.json. */
export interface SandboxConfig {
  /** True demands a jail, false runs the command without; undefined takes one where it can be had. */
  readonly enabled?: boolean | undefined;
  readonly read_only: boolean;
  readonly folders: readonly string[];
  readonly network: boolean;
}

/** The isolation of a command's processes, with the reason where there is none. */
export interface Isolation {
  readonly sandbox: 'jail' | 'none';
  readonly reason?: string;
}

/** The jail of the processes of one upstream. */
export interface UpstreamJail {
  /** Undefined until it is known. */
  readonly isolation: Isolation | undefined;
  /** Puts a command into the jail. @throws MeshError when the entry names what cannot be shown. */
  readonly wrap: WrapCommand;
}

export interface JailedUpstream {
  readonly name: string;
  readonly command: string;
  readonly sandbox: SandboxConfig;
}

export type MakeJail = (upstream: JailedUpstream) => UpstreamJail;

export interface JailsOptions {
  /** Settings of the hub: the folder of what commands keep, one folder each, and the file that names them. */
  readonly config: {
    readonly MESH_CACHE_DIR: string;
    readonly MESH_CONFIG: string;
    readonly MESH_ENV_FILE?: string | undefined;
    readonly MESH_PRIVATE_FOLDERS: readonly string[];
  };
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

/** Programs that run a server in a container; in a jail they would not reach their engine. */
const CONTAINER_ENGINES = new Set(['docker', 'podman', 'nerdctl']);

/** Returns the factory of jails. Whether one can be had is tried once, when the first upstream asks. */
export function createJails({ config, hostEnv, logger }: JailsOptions): MakeJail {
  const host = hostPaths({ config, hostEnv });
  let found: Promise<FoundBwrap> | undefined;
  const find = () => (found ??= findBwrap(hostEnv['PATH'] ?? '', host));

  return ({ name, command, sandbox }) => {
    let isolation: Isolation | undefined;
    const chosen = choose(command, sandbox, find).then((choice) => {
      isolation = choice.isolation;
      report(name, choice, logger);
      return choice;
    });
    return {
      get isolation() {
        return isolation;
      },
      async wrap(started) {
        const { bwrap, isolation: had } = await chosen;
        if (bwrap !== undefined) {
          return jailed(started, {
            bwrap,
            sandbox,
            host,
            homeSource: makeHome(join(config.MESH_CACHE_DIR, name), logger),
          });
        }
        if (sandbox.enabled !== true) return started;
        throw new MeshError('upstream_failed', `its sandbox is demanded and cannot be had: ${had.reason ?? ''}`);
      },
    };
  };
}

interface Choice {
  readonly isolation: Isolation;
  readonly bwrap?: string;
  /** True when a jail was wanted and cannot be had. */
  readonly isLacking?: true;
}

async function choose(command: string, { enabled }: SandboxConfig, find: () => Promise<FoundBwrap>): Promise<Choice> {
  const none = (reason: string): Choice => ({ isolation: { sandbox: 'none', reason } });
  if (enabled === false) return none('mesh.json says "enabled": false');
  if (enabled === undefined && CONTAINER_ENGINES.has(basename(command))) {
    return none(`${basename(command)} runs it in a container`);
  }
  const found = await find();
  if ('reason' in found) return { ...none(found.reason), isLacking: true };
  return { bwrap: found.path, isolation: { sandbox: 'jail' } };
}

function report(upstream: string, { isolation, isLacking }: Choice, logger: Logger): void {
  if (isLacking === true) logger.warn({ upstream, ...isolation }, 'a command of mesh.json has no sandbox');
  else logger.info({ upstream, ...isolation }, 'sandbox of a command of mesh.json');
}

interface JailParts {
  readonly bwrap: string;
  readonly sandbox: SandboxConfig;
  readonly host: HostPaths;
  readonly homeSource: string | undefined;
}

function jailed(started: StartedCommand, { bwrap, sandbox, host, homeSource }: JailParts): WrappedCommand {
  const { command, args, env, environment, cwd } = started;
  const path = environment['PATH'] ?? '';
  const program = findProgram(command, path, host);
  // What cannot be started is tried as it is: the error then names what is missing.
  if (program === undefined || (cwd !== undefined && kindOf(resolvePath(cwd, host)) !== 'folder')) return started;
  if (!isSystem(program)) requireShown(program, host);
  const named = namedPaths({ args, env, cwd, folders: sandbox.folders, isReadOnly: sandbox.read_only }, host);
  const installed = installsFor(program, path, host).map((folder) => ({ path: folder, isWritable: false }));
  const own = command.includes('/') && !isSystem(program) ? projectOf(program, host) : [];
  const shown = [...installed, ...own, ...named, ...namedCertificates(environment, host)];
  if (homeSource !== undefined) removeLinks(homeSource, host.home, shown);
  const isRelative = args.some((argument) => isRelativePath(argument, host));
  const { TMPDIR: _outside, ...basics } = environment;
  return {
    ...started,
    command: bwrap,
    args: jailArguments({
      homeSource,
      host,
      shown,
      cwd: cwd === undefined ? (isRelative ? host.cwd : host.home) : resolvePath(cwd, host),
      hasNetwork: sandbox.network,
      command: [command, ...args],
    }),
    environment: { ...basics, HOME: host.home, ...env },
    cwd: undefined,
    isJailed: true,
  };
}

const isRelativePath = (argument: string, host: HostPaths): boolean =>
  !/^(?:-[^=]*=)?[/~]/.test(argument) && pathIn(argument, host) !== undefined;

/** Returns the folder that a command's jail shows as the user's; undefined where the mesh cannot write. */
function makeHome(path: string, logger: Logger): string | undefined {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  } catch (error) {
    logger.warn({ err: error }, 'MESH_CACHE_DIR cannot be written to: commands keep nothing between starts');
    return undefined;
  }
}

/**
 * Removes links that a program has left in its home where something is going to be shown: bubblewrap makes the place for
 * it, and would follow them out of the jail.
 */
function removeLinks(homeSource: string, home: string, shown: readonly Shown[]): void {
  const inHome = shown.filter(({ path }) => isWithin(path, home)).map(({ path }) => relative(home, path));
  for (const path of inHome) {
    const parts = path.split('/');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const place = join(homeSource, ...parts.slice(0, depth));
      if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
      rmSync(place);
      break;
    }
  }
}

/** The user's folder where there is none of use: that of a system account. */
const NO_HOME = '/home/mcp';

function hostPaths({ config, hostEnv }: Omit<JailsOptions, 'logger'>): HostPaths {
  const home = hostEnv['HOME'] || homedir();
  const cwd = process.cwd();
  const cache = resolve(config.MESH_CACHE_DIR);
  // The folder of all services' data, where ours has its usual place in it.
  const data = basename(cache) === 'mcp-server' ? dirname(cache) : cache;
  return {
    home: isAbsolute(home) && home !== '/' ? resolve(home) : NO_HOME,
    cwd,
    own: [
      data,
      join(MESH_ROOT, 'data'),
      join(MESH_ROOT, '.env'),
      join(cwd, '.env'),
      resolve(config.MESH_CONFIG),
      ...(config.MESH_ENV_FILE === undefined ? [] : [resolve(config.MESH_ENV_FILE)]),
      ...config.MESH_PRIVATE_FOLDERS.map((folder) => resolve(folder)),
    ],
  };
}
