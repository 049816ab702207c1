import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Import names and the well-known distributions that bring them, where the names differ. Made by refresh-modules.ts. */
export const MODULE_OWNERS_FILE = fileURLToPath(new URL('../../../data/module-owners.txt', import.meta.url));
const PYTHON_MODULES_FILE = fileURLToPath(new URL('../../../data/python-modules.txt', import.meta.url));

/** A shared namespace such as `google`: each distribution brings a part of it. */
export const SHARED = '*';
/** A name such as `tests`, which many packages have by mistake and nobody imports. */
export const NOBODYS = '-';

/** The known owners of import names of Python. */
export interface ModuleOwners {
  /** Returns the well-known distributions that bring `module`, a dotted name; those that share a namespace are not named. */
  ownersOf(module: string): readonly string[];
  isShared(module: string): boolean;
  isNobodys(module: string): boolean;
  isPythons(module: string): boolean;
}

let loaded: ModuleOwners | undefined;

/** Returns the shipped lists, which are read when the first package is looked at. */
export function moduleOwners(): ModuleOwners {
  loaded ??= load();
  return loaded;
}

function load(): ModuleOwners {
  const rows = new Map(
    linesOf(MODULE_OWNERS_FILE).map((line) => {
      const [module = '', ...owners] = line.split(' ');
      return [module, owners];
    }),
  );
  const pythons = new Set(linesOf(PYTHON_MODULES_FILE));
  const marked = (module: string, mark: string): boolean => rows.get(module)?.[0] === mark;
  return {
    ownersOf: (module) => (rows.get(module) ?? []).filter((owner) => owner !== SHARED && owner !== NOBODYS),
    isShared: (module) => marked(module, SHARED),
    isNobodys: (module) => marked(module, NOBODYS),
    isPythons: (module) => pythons.has(module),
  };
}

const linesOf = (path: string): readonly string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
