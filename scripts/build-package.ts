// `npm pack` runs this first: makes `dist`, which is what the package holds. Node refuses to strip types from files below
// `node_modules`, so it is done here, the way Node does it: line for line, nothing bundled, no source maps needed.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { SERVICES } from '../mesh/services.ts';

const OUT = 'dist';
/** Folders whose sources run. Other files in them (Python, preludes, lists) are copied as they are. */
const FOLDERS = ['mesh', 'shared/contracts', 'shared/kit', 'shared/mcp'];
/** Scripts that the command starts; the scripts that they import come along. */
const SCRIPTS = ['scripts/launch.ts', 'scripts/doctor.ts', 'scripts/mesh.ts'];
const COPIED = [
  'mesh.json',
  'shared/package.json',
  'services/mcp-server/catalogue',
  'services/middleware/web/dist',
  'services/sandbox/data',
];
const KIT = '@toolmesh/shared/';

rmSync(OUT, { recursive: true, force: true });
const folders = [...FOLDERS, 'services/sandbox/guest', ...SERVICES.map(({ name }) => `services/${name}/src`)];
for (const path of [...scriptsFrom(SCRIPTS), ...folders.flatMap(filesIn)]) build(path);
for (const path of COPIED) cpSync(path, join(OUT, path), { recursive: true });

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Returns the scripts and, over and over, those that they import. */
function scriptsFrom(paths: readonly string[]): ReadonlySet<string> {
  const found = new Set(paths);
  for (const path of found) {
    for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(/\bfrom '(\.[^'\n]+)'/g)) {
      const imported = join(dirname(path), specifier);
      if (imported.startsWith('scripts/')) found.add(imported);
    }
  }
  return found;
}

function build(path: string): void {
  const target = join(OUT, path);
  mkdirSync(dirname(target), { recursive: true });
  if (!path.endsWith('.ts')) return cpSync(path, target);
  writeFileSync(
    target.replace(/\.ts$/, '.js'),
    pointToJavaScript(stripTypeScriptTypes(readFileSync(path, 'utf8')), path),
  );
}

/** Lets imports, and files that are started by their URL, end in `.js`; the kit becomes a folder of the package. */
function pointToJavaScript(code: string, path: string): string {
  const toKit = relative(dirname(path), 'shared');
  return code
    .replaceAll(/(\bfrom |\bimport\(|\bimport )'([^'\n]+)'/g, (_match, before: string, specifier: string) => {
      if (specifier.startsWith(KIT)) return `${before}'${asRelative(join(toKit, specifier.slice(KIT.length)))}.js'`;
      return `${before}'${specifier.startsWith('.') ? specifier.replace(/\.ts$/, '.js') : specifier}'`;
    })
    .replaceAll(/(new URL\((['`])[^'`\n]+)\.ts\2/g, '$1.js$2');
}

function asRelative(path: string): string {
  return path.startsWith('.') ? path : `./${path}`;
}
