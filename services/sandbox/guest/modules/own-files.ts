import { files } from '../node/file-tree.ts';
import { WORK_DIR } from '../shared/work-directories.ts';
import { directoryOf } from './record.ts';
import type { Located } from './refusals.ts';

const ENDINGS = ['', '.js', '.json', '.mjs', '.cjs', '/index.js', '/index.json', '/index.mjs', '/index.cjs'];

/** Finds a file of the program's as require() does: `./lib`, `/work/data.json`. */
export function locateOwnFile(specifier: string, parent: string): Located | undefined {
  const base = specifier.startsWith('/') ? specifier : normalize(`${directoryOf(parent)}/${specifier}`);
  const path = ENDINGS.map((ending) => `${base}${ending}`).find(isFile);
  if (path === undefined) return undefined;
  const id = String(files.realpathSync(path));
  if (/\.tsx?$/.test(id)) {
    return {
      refusal: `${id} is TypeScript, which only the program itself can be`,
      code: 'ERR_UNKNOWN_FILE_EXTENSION',
      packages: [],
    };
  }
  return { id, format: formatOf(id), source: String(files.readFileSync(id, 'utf8')).replace(/^\uFEFF/, '') };
}

function formatOf(id: string): 'commonjs' | 'module' | 'json' | 'unknown' {
  if (id.endsWith('.json')) return 'json';
  if (id.endsWith('.mjs')) return 'module';
  return id.endsWith('.cjs') ? 'commonjs' : 'unknown';
}

const isFile = (path: string): boolean => {
  try {
    return files.statSync(path).isFile();
  } catch {
    return false;
  }
};

function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export const MAIN_PATH = `${WORK_DIR}/main.js`;
