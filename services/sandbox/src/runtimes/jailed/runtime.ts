import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Language, WORK_DIRECTORIES } from '@toolmesh/shared/contracts/execution';
import type { FoundJail } from '../../jail/find-jail.ts';
import type { Jail, Jailed, ReadOnlyMount } from '../../jail/jail.ts';
import type { SystemPython } from '../../jail/system-root.ts';
import type { WorkerStart } from '../../workers/conversation.ts';
import { createLauncher, type Launcher, type Renewal } from '../../workers/launcher.ts';
import type { PreparedWorkers, Runtime } from '../runtime.ts';
import { WORKER_HOME } from './compiled-worker.ts';
import type { Interpreter } from './interpreter.ts';

/** Directory in a jail of what programs may import besides what their language has. */
export const PACKAGES = '/opt/packages';
/** Directory of all package layers in a launcher's jail, which its workers do not see. */
const LAYERS = '/opt/layers';

/** Links to the working directory, by the names that it has elsewhere. */
const OTHER_NAMES = WORK_DIRECTORIES.filter((path) => path !== '/work').map((path) => ({ to: '/work', path }));

/** A language whose interpreter runs in a jail of namespaces: an entry of a few lines for each. */
export interface JailedLanguage {
  /** Names its pool in logs and metrics. */
  readonly name: string;
  readonly languages: readonly Language[];
  readonly interpreter: Interpreter;
  /** Parts of the host's files that its jails show, besides the system's libraries and small programs. */
  readonly mounts?: readonly ReadOnlyMount[];
  /** Symbolic links in its jails, besides those of the system. */
  readonly links?: Jailed['links'];
  /** Environment of its programs, beside that of all languages. */
  readonly env?: Readonly<Record<string, string>>;
  /** Returns more of it for a program that sees a package layer, whose path on the host is given. */
  readonly envFor?: (packages: string | undefined) => Readonly<Record<string, string>>;
  /** Workers that are warmed up further, for programs that need it. */
  readonly prepared?: Pick<PreparedWorkers, 'name' | 'suits'> & { readonly interpreter: Interpreter };
  /** More of the runtime: what its programs have, and how it starts. */
  readonly has?: Pick<Runtime, 'pythonVersion' | 'provided' | 'baseLayer' | 'prepare' | 'minWorkers'>;
}

/** The parts that jails of all languages have in common. */
export interface JailedHost {
  readonly found: FoundJail;
  /** The interpreter of launchers and supervisors. */
  readonly python: SystemPython;
  /** Folder of their code, as `compileWorker` makes it. */
  readonly compiled: string;
  /** Folder that all package layers are in, at whatever depth. */
  readonly packagesDirectory: string;
  readonly renewal: Renewal;
}

/** True to start workers by a launcher; false to start each by bubblewrap, which is slower. */
export interface JailedStart {
  readonly isLaunched: boolean;
}

/** The part of a jail's inside that differs. */
interface Inside {
  readonly mounts: readonly ReadOnlyMount[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Makes the runtime of a language in jails: threads, subprocesses, files and packages as anywhere, and nothing outside.
 * Nothing is started before it is needed.
 */
export function createJailedRuntime(language: JailedLanguage, host: JailedHost, start: JailedStart): Runtime {
  const { found, python, compiled, packagesDirectory, renewal } = host;
  const { name, languages, interpreter, mounts: shown = [], env: own = {}, envFor = () => ({}), prepared } = language;
  const inJail = (jail: Jail, command: readonly string[], { mounts, env }: Inside) =>
    jail({
      command,
      isFirst: true,
      env: { ...ENVIRONMENT, ...own, ...env },
      links: [...found.root.links, ...OTHER_NAMES, ...(language.links ?? [])],
      folders: [PACKAGES],
      mounts: [...found.root.mounts, { from: compiled, to: WORKER_HOME }, ...shown, ...mounts],
    });
  const launcherFor = (what: Interpreter): Launcher => {
    mkdirSync(packagesDirectory, { recursive: true });
    const preparing = 'module' in what ? [what.module, ...what.arguments] : [];
    const inside = { mounts: [{ from: packagesDirectory, to: LAYERS }, ...covers(packagesDirectory)] };
    // Each has what there is when it starts: a set of libraries may have come.
    const command = () =>
      inJail(found.launcherJail, [...scriptCommand(python, 'launcher.pyc'), ...preparing], {
        ...inside,
        env: envFor(undefined),
      });
    return createLauncher(command, { nextUser: found.nextUser, renewal });
  };
  const launchers: Launcher[] = [];
  const startsOf = (what: Interpreter): ((packages?: string) => WorkerStart) => {
    const launcher = start.isLaunched ? launcherFor(what) : undefined;
    if (launcher !== undefined) launchers.push(launcher);
    return (packages) => {
      const env = envFor(packages);
      const path = packages === undefined ? undefined : relative(packagesDirectory, packages);
      if (launcher !== undefined && path?.startsWith('..') !== true) {
        return { launch: (group) => launcher.launch({ interpreter: what, packages: path, env }, group) };
      }
      const mounts = packages === undefined ? [] : [{ from: packages, to: PACKAGES }];
      return inJail(found.jail, [...scriptCommand(python, 'worker.pyc'), JSON.stringify(what)], { mounts, env });
    };
  };
  const worker = startsOf(interpreter);
  const { baseLayer } = language.has ?? {};
  baseLayer?.onSet(() => {
    for (const launcher of launchers) launcher.renew();
  });
  return {
    name,
    languages,
    isolation: 'namespaces',
    unjailed: undefined,
    ...language.has,
    isLaunched: start.isLaunched,
    seesLater: true,
    worker,
    ...(prepared === undefined
      ? {}
      : { prepared: { name: prepared.name, suits: prepared.suits, worker: startsOf(prepared.interpreter) } }),
    close: () => {
      baseLayer?.close();
      for (const launcher of launchers) launcher.close();
    },
  };
}

/** Isolated, without `site`, which would run what packages leave in .pth files; no bytecode is written. */
const INTERPRETER_OPTIONS = ['-I', '-S', '-B', '-X', 'utf8'];

const scriptCommand = ({ name }: SystemPython, script: string): readonly string[] => [
  `/usr/bin/${name}`,
  ...INTERPRETER_OPTIONS,
  `${WORKER_HOME}/${script}`,
];

/** Folders of callers' files beside those of packages, which not even a launcher sees. */
const COVERED = ['files', 'workspaces'];

/** Covers what is not for jails by an empty folder. */
function covers(directory: string): readonly ReadOnlyMount[] {
  const nothing = join(directory, 'empty');
  mkdirSync(nothing, { recursive: true });
  return COVERED.map((name) => {
    mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
    return { from: nothing, to: `${LAYERS}/${name}` };
  });
}

/** All that every program finds in its environment. */
const ENVIRONMENT = {
  HOME: '/work',
  USER: 'sandbox',
  PATH: `/usr/bin:${PACKAGES}/bin`,
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
} as const;
