import type { FoundJail } from '../../jail/find-jail.ts';
import type { SystemPython } from '../../jail/system-root.ts';
import type { Jail } from '../../jail/jail.ts';
import type { WorkerStart } from '../../workers/conversation.ts';
import { createLauncher } from '../../workers/launcher.ts';
import type { Runtime } from '../runtime.ts';
import { hasOneOf } from './base-layer.ts';
import { WORKER_HOME } from './compiled-worker.ts';

/** Directories in a jail of what programs may import besides the standard library. */
const PACKAGES = '/opt/packages';
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
  readonly provided: readonly { readonly name: string; readonly version: string }[];
}

/** True to start workers by a launcher; false to start each by bubblewrap, which is slower. */
export interface PythonNamespacesStart {
  readonly isLaunched: boolean;
}

/** The system's CPython in a jail: threads, subprocesses, files and packages as anywhere, and nothing outside. */
export function createPythonNamespaces(
  { found, python, compiled, layer, provided }: PythonNamespacesOptions,
  { isLaunched }: PythonNamespacesStart,
): Runtime {
  // Isolated, without `site`, which would run what packages leave in .pth files; no bytecode is written.
  const interpreter = [`/usr/bin/${python.name}`, '-I', '-S', '-B', '-X', 'utf8'];
  const command = [...interpreter, `${WORKER_HOME}/worker.pyc`];
  // A package of a program stands in the way of none that every program has, but for another version of that one.
  const importPath = (packages?: string): string =>
    packages !== undefined && hasOneOf(packages, provided) ? `${PACKAGES}:${LAYER}` : `${LAYER}:${PACKAGES}`;
  const inJail = (jail: Jail, args: readonly string[], packages?: string) =>
    jail({
      command: args,
      isFirst: true,
      env: { ...ENVIRONMENT, PYTHONPATH: importPath(packages) },
      links: found.root.links,
      mounts: [
        ...found.root.mounts,
        { from: compiled, to: WORKER_HOME },
        ...(layer === undefined ? [] : [{ from: layer, to: LAYER }]),
        ...(packages === undefined ? [] : [{ from: packages, to: PACKAGES }]),
      ],
    });
  const launcher = isLaunched
    ? createLauncher(
        inJail(found.launcherJail, [...interpreter, `${WORKER_HOME}/launcher.pyc`, ...command]),
        found.nextUser,
      )
    : undefined;
  const worker = (args: readonly string[], packages?: string): WorkerStart =>
    // A launcher's workers see what it sees, which packages of one program are not part of.
    launcher === undefined || packages !== undefined
      ? inJail(found.jail, [...command, ...args], packages)
      : { launch: () => launcher.launch(args) };
  return {
    name: 'python-namespaces',
    languages: ['python'],
    isolation: 'namespaces',
    unjailed: undefined,
    pythonVersion: python.version,
    provided,
    worker: (packages) => worker([], packages),
    ...(layer === undefined
      ? {}
      : { prepared: { name: 'python-data', suits: (code) => DATA.test(code), worker: () => worker(['data']) } }),
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
