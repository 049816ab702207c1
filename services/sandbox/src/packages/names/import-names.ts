import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { popularNames } from '../policy/popular-names.ts';
import { normaliseName } from '../spec.ts';
import { moduleOwners } from './module-owners.ts';
import { prefixesOf } from './prefixes-of.ts';

/** Pairs of an import name and the distribution that is meant by it, where the names differ. */
export const IMPORT_NAMES_FILE = fileURLToPath(new URL('../../../data/import-names.txt', import.meta.url));

let loaded: ReadonlyMap<string, string> | undefined;
let byName: ReadonlyMap<string, string> | undefined;

/** Returns the shipped table, by the spelling of the import. */
export function importNames(): ReadonlyMap<string, string> {
  loaded ??= new Map(
    readFileSync(IMPORT_NAMES_FILE, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line): [string, string] => {
        const [module = '', distribution = ''] = line.split(' ');
        return [module, distribution];
      }),
  );
  return loaded;
}

/**
 * Returns the package that brings a module, for a program that misses it: `opencv-python-headless` for `cv2`, `chalk` for
 * `chalk/index.js`. Only well-known ones are named; undefined for a module of Python or Node, and where none is known.
 */
export function distributionFor(ecosystem: Ecosystem, module: string): string | undefined {
  if (ecosystem === 'npm') {
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? '';
    return !isBuiltin(name) && popularNames('npm').has(name) ? name : undefined;
  }
  const owners = moduleOwners();
  const prefixes = prefixesOf(module).toReversed();
  if (prefixes.some((prefix) => owners.isPythons(prefix))) return undefined;
  for (const prefix of prefixes) {
    const found = importNames().get(prefix) ?? namedLike(prefix) ?? mostUsed(owners.ownersOf(prefix));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Returns the distribution that is meant by a requested name which is that of a module, such as `pyyaml` for `yaml`.
 * Undefined where the name is a distribution's own that more people use, and where nothing else is known to be meant.
 */
export function meantDistribution(ecosystem: Ecosystem, name: string): string | undefined {
  if (ecosystem === 'npm') return undefined;
  byName ??= new Map([...importNames()].map(([module, meant]) => [normaliseName('pypi', module), meant]));
  const meant = byName.get(name);
  const { rank } = popularNames('pypi');
  return meant === undefined || rank(name) < rank(meant) ? undefined : meant;
}

/** A module and a well-known distribution have one name, as a rule; in a shared namespace the dots become dashes. */
function namedLike(module: string): string | undefined {
  const name = normaliseName('pypi', module);
  return popularNames('pypi').has(name) && !moduleOwners().isShared(module) ? name : undefined;
}

function mostUsed(distributions: readonly string[]): string | undefined {
  const { has, rank } = popularNames('pypi');
  return distributions.filter(has).toSorted((a, b) => rank(a) - rank(b))[0];
}
