import { BASE_LAYER_HOME, type BaseLayer } from '../../base-layer/base-layer.ts';
import type { Provided } from '../../packages/package-layer.ts';
import { WORKER_HOME } from '../jailed/compiled-worker.ts';
import { type JailedLanguage, PACKAGES } from '../jailed/runtime.ts';
import { hasOneOf } from './base-layer.ts';

/** Programs that speak of one of these get a worker that has imported them already: itself, or what needs it. */
const DATA = /\b(?:numpy|pandas|matplotlib|pyplot|seaborn|scipy|sklearn|statsmodels)\b/;

export interface PythonNamespacesOptions {
  /** `3.11`. */
  readonly version: string;
  readonly layer: BaseLayer;
  /** Returns the packages of the layer. */
  readonly provided: Provided;
}

const interpreter = (...args: readonly string[]) => ({ module: 'toolmesh_python', arguments: args });

/** The system's CPython in a jail, forked from a launcher that has imported what most programs begin with. */
export function pythonNamespaces({ version, layer, provided }: PythonNamespacesOptions): JailedLanguage {
  // A package of a program stands in the way of none that every program has, but for another version of that one.
  const importPath = (packages?: string): string => {
    const isFirst = packages !== undefined && hasOneOf(packages, provided());
    // The last is for processes that the program starts: the stand-in for pip.
    return [...(isFirst ? [PACKAGES, ...layer.path()] : [...layer.path(), PACKAGES]), WORKER_HOME].join(':');
  };
  return {
    name: 'python-namespaces',
    languages: ['python'],
    interpreter: interpreter(),
    mounts: [{ from: layer.directory, to: BASE_LAYER_HOME }],
    env: ENVIRONMENT,
    envFor: (packages) => ({ ...layer.env(), PYTHONPATH: importPath(packages) }),
    has: { pythonVersion: version, provided, baseLayer: layer },
    prepared: {
      name: 'python-data',
      // What it has imported ahead is the base layer's.
      suits: (code, packages) =>
        layer.path().length > 0 && DATA.test(code) && (packages === undefined || !hasOneOf(packages, provided())),
      interpreter: interpreter('data'),
    },
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
