import type { ProvidedPackage } from '../../packages/package-layer.ts';
import { WORKER_HOME } from '../jailed/compiled-worker.ts';
import { type JailedLanguage, PACKAGES } from '../jailed/runtime.ts';
import { hasOneOf } from './base-layer.ts';

const LAYER = '/opt/python-layer';

/** Programs that speak of one of these get a worker that has imported them already. */
const DATA = /\b(?:numpy|pandas|matplotlib|pyplot)\b/;

export interface PythonNamespacesOptions {
  /** `3.11`. */
  readonly version: string;
  /** Folder of numpy, pandas and matplotlib, where they have been installed. */
  readonly layer: string | undefined;
  readonly provided: readonly ProvidedPackage[];
}

const interpreter = (...args: readonly string[]) => ({ module: 'toolmesh_python', arguments: args });

/** The system's CPython in a jail, forked from a launcher that has imported what most programs begin with. */
export function pythonNamespaces({ version, layer, provided }: PythonNamespacesOptions): JailedLanguage {
  // A package of a program stands in the way of none that every program has, but for another version of that one.
  const importPath = (packages?: string): string =>
    (packages !== undefined && hasOneOf(packages, provided) ? [PACKAGES, LAYER] : [LAYER, PACKAGES])
      // For processes that the program starts: the stand-in for pip.
      .concat(WORKER_HOME)
      .join(':');
  return {
    name: 'python-namespaces',
    languages: ['python'],
    interpreter: interpreter(),
    mounts: layer === undefined ? [] : [{ from: layer, to: LAYER }],
    env: ENVIRONMENT,
    envFor: (packages) => ({ PYTHONPATH: importPath(packages) }),
    has: { pythonVersion: version, provided: () => provided },
    ...(layer === undefined
      ? {}
      : {
          prepared: {
            name: 'python-data',
            // What it has imported ahead is the base layer's.
            suits: (code, packages) => DATA.test(code) && (packages === undefined || !hasOneOf(packages, provided)),
            interpreter: interpreter('data'),
          },
        }),
  };
}

/** One thread per library: forks are safe then, and cores are shared. */
const ENVIRONMENT = {
  PYTHONDONTWRITEBYTECODE: '1',
  MPLBACKEND: 'Agg',
  MPLCONFIGDIR: '/tmp/matplotlib',
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MALLOC_ARENA_MAX: '2',
} as const;
