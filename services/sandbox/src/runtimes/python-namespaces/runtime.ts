import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import type { FoundJail } from '../../jail/find-jail.ts';
import type { SystemPython } from '../../jail/system-root.ts';
import type { Jail, ReadOnlyMount } from '../../jail/jail.ts';
import type { WorkerStart } from '../../workers/conversation.ts';
import { createLauncher } from '../../workers/launcher.ts';
import type { ProvidedPackage } from '../../packages/package-layer.ts';
import type { Runtime } from '../runtime.ts';
import { hasOneOf } from './base-layer.ts';
import { WORKER_HOME } from './compiled-worker.ts';

/** Directories in a jail of what programs may import besides the standard library. */
const PACKAGES = '/opt/packages';
/** Directory of all package layers in a launcher's jail, which its workers do not see. */
const LAYERS = '/opt/layers';
const LAYER = '/opt/python-layer';

/** Programs that speak of one of these get a worker that has imported them already. */
const DATA = /\b(?:numpy|pandas|matplotlib|pyplot)\b/;

export interface PythonNamespacesOptions {
  readonly found: FoundJail;
  readonly python: SystemPython;
  /** Folder of the worker's code, as `compileWorker` makes it. */
  readonly compiled: string;
  /** Folder of numpy, pandas and matplotlib, where they have been installed. */
  readonly layer: string | undefined;
  readonly provided: readonly ProvidedPackage[];
  /** Folder that all package layers are in, at whatever depth. */
  readonly packagesDirectory: string;
}

/** True to start workers by a launcher; false to start each by bubblewrap, which is slower. */
export interface PythonNamespacesStart {
  readonly isLaunched: boolean;
}

/** The part of a jail's inside that differs. */
interface Inside {
  readonly mounts: readonly ReadOnlyMount[];
  readonly PYTHONPATH: string;
}

/** The system's CPython in a jail: threads, subprocesses, files and packages as anywhere, and nothing outside. */
export function createPythonNamespaces(
  { found, python, compiled, layer, provided, packagesDirectory }: PythonNamespacesOptions,
  { isLaunched }: PythonNamespacesStart,
): Runtime {
  // Isolated, without `site`, which would run what packages leave in .pth files; no bytecode is written.
  const interpreter = [`/usr/bin/${python.name}`, '-I', '-S', '-B', '-X', 'utf8'];
  const command = [...interpreter, `${WORKER_HOME}/worker.pyc`];
  // A package of a program stands in the way of none that every program has, but for another version of that one.
  const importPath = (packages?: string): string =>
    packages !== undefined && hasOneOf(packages, provided) ? `${PACKAGES}:${LAYER}` : `${LAYER}:${PACKAGES}`;
  const inJail = (jail: Jail, args: readonly string[], { mounts, PYTHONPATH }: Inside) =>
    jail({
      command: args,
      isFirst: true,
      env: { ...ENVIRONMENT, PYTHONPATH },
      links: found.root.links,
      folders: [PACKAGES],
      mounts: [
        ...found.root.mounts,
        { from: compiled, to: WORKER_HOME },
        ...(layer === undefined ? [] : [{ from: layer, to: LAYER }]),
        ...mounts,
      ],
    });
  const startLauncher = () => {
    mkdirSync(packagesDirectory, { recursive: true });
    const args = [...interpreter, `${WORKER_HOME}/launcher.pyc`, ...command];
    const inside = { mounts: [{ from: packagesDirectory, to: LAYERS }], PYTHONPATH: importPath() };
    return createLauncher(inJail(found.launcherJail, args, inside), found.nextUser);
  };
  const launcher = isLaunched ? startLauncher() : undefined;
  const worker = (args: readonly string[], packages?: string): WorkerStart => {
    const PYTHONPATH = importPath(packages);
    const path = packages === undefined ? undefined : relative(packagesDirectory, packages);
    if (launcher === undefined || path?.startsWith('..') === true) {
      const mounts = packages === undefined ? [] : [{ from: packages, to: PACKAGES }];
      return inJail(found.jail, [...command, ...args], { mounts, PYTHONPATH });
    }
    return { launch: (group) => launcher.launch({ args, packages: path, env: { PYTHONPATH } }, group) };
  };
  return {
    name: 'python-namespaces',
    languages: ['python'],
    isolation: 'namespaces',
    unjailed: undefined,
    pythonVersion: python.version,
    provided: () => provided,
    worker: (packages) => worker([], packages),
    ...(layer === undefined
      ? {}
      : {
          prepared: {
            name: 'python-data',
            // What it has imported ahead is the base layer's.
            suits: (code, packages) => DATA.test(code) && (packages === undefined || !hasOneOf(packages, provided)),
            worker: (packages) => worker(['data'], packages),
          },
        }),
    ...(launcher === undefined ? {} : { close: launcher.close }),
  };
}

/** All that a program finds in its environment. One thread per library: forks are safe then, and cores are shared. */
const ENVIRONMENT = {
  HOME: '/work',
  USER: 'sandbox',
  PATH: '/usr/bin',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
  PYTHONDONTWRITEBYTECODE: '1',
  MPLBACKEND: 'Agg',
  MPLCONFIGDIR: '/tmp/matplotlib',
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MALLOC_ARENA_MAX: '2',
} as const;
