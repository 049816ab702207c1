import { join } from 'node:path';
import { findLayerFolder, finishedSets } from '../src/base-layer/layer-folder.ts';

const built = await findLayerFolder('data/sandbox', '/usr/bin/python3').catch(() => undefined);

/** Sets of the base layer of this checkout (`npm run python-layer`), by name. */
export const BUILT_SETS: readonly string[] = built === undefined ? [] : finishedSets(built);

/** Folders of the sets that Python imports from. */
export const BUILT_FOLDERS: readonly string[] =
  built === undefined
    ? []
    : built.importable.filter((set) => BUILT_SETS.includes(set)).map((set) => join(built.directory, set));
