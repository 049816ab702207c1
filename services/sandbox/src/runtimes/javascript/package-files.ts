import { posix } from 'node:path';
import { exports as exportsOf, imports as importsOf } from 'resolve.exports';
import { type Manifest, openPackageFolder, type PackageFolder, Refused } from './package-folder.ts';

/** Packages that a refusal names at most. */
const MAX_NAMED = 10;

/** The way to evaluate a file; `unknown` is JavaScript whose package does not say. */
type Format = 'commonjs' | 'module' | 'json' | 'unknown';
type Kind = 'import' | 'require';

/** The file that a specifier means. Its source is delivered once: the isolate keeps what it has evaluated. */
export interface PackageFile {
  /** Its real path below the directory, e.g. `node_modules/left-pad/index.js`. */
  readonly id: string;
  readonly format: Format;
  readonly source?: string;
}

/** The reason why there is no file, without a path of the host. */
export interface PackageRefusal {
  readonly refusal: string;
  readonly code: string;
  /** With MODULE_NOT_FOUND: some of those that there are. */
  readonly packages: readonly string[];
}

/** `parent` is the id of the file that asks, '' for the program. */
export type LocatePackageFile = (specifier: string, parent: string, kind: Kind) => PackageFile | PackageRefusal;

/**
 * Finds and reads the files of npm packages below `directory`/node_modules, as Node resolves them, for a browser where
 * a package makes the difference: an isolate has no Node around it.
 */
export function createPackageFiles(directory: string): LocatePackageFile {
  const folder = openPackageFolder(directory);
  const resolve = createResolver(folder);
  const delivered = new Set<string>();

  const locate: LocatePackageFile = (specifier, parent, kind) => {
    const id = resolve(specifier, parent, kind);
    if (id === undefined) throw new Refused('MODULE_NOT_FOUND', `Cannot find module '${specifier}'`);
    if (id === NOTHING) return { id, format: 'commonjs', source: '' };
    const format = formatOf(id, folder);
    if (delivered.has(id)) return { id, format };
    const source = folder.read(id);
    delivered.add(id);
    return { id, format, source };
  };

  return (specifier, parent, kind) => {
    try {
      return locate(specifier, parent, kind);
    } catch (error) {
      // What else can go wrong would name a path of the host.
      const unreadable = new Refused('ERR_UNREADABLE', `Cannot read the module '${specifier}'`);
      const { code, message } = error instanceof Refused ? error : unreadable;
      return { refusal: message, code, packages: code === 'MODULE_NOT_FOUND' ? someOf(folder.names()) : [] };
    }
  };
}

const someOf = (names: readonly string[]): readonly string[] =>
  names.length <= MAX_NAMED ? names : [...names.slice(0, MAX_NAMED), '...'];

function formatOf(id: string, { manifestOf }: PackageFolder): Format {
  if (/\.(node|wasm)$/.test(id))
    throw new Refused('ERR_NATIVE', `${id} is machine code, which cannot run in the sandbox`);
  if (id.endsWith('.json')) return 'json';
  if (id.endsWith('.mjs')) return 'module';
  if (id.endsWith('.cjs')) return 'commonjs';
  const type: unknown = packageAround(posix.dirname(id), manifestOf)?.manifest['type'];
  return type === 'module' || type === 'commonjs' ? type : 'unknown';
}

/** The replacement of a module that is of no use in a browser. */
const NOTHING = 'node_modules/(nothing)';
/** A package's name and what follows it: `lodash/fp`, `@scope/name`. */
const BARE = /^((?:@[^@/\\%]+\/)?[^@#./\\%][^/\\%]*)((?:\/.*)?)$/s;
const EXTENSIONS = ['', '.js', '.json', '.cjs', '.mjs'];
const INDEX = ['/index.js', '/index.json', '/index.cjs', '/index.mjs'];

/** The two parts of a specifier such as `lodash/fp`. */
interface BareName {
  readonly name: string;
  readonly subpath: string;
}

/** Returns a function that finds the path of the file that a specifier means. @throws Refused */
function createResolver({ fileAt, manifestOf }: PackageFolder) {
  /** As CommonJS has it: a file before a folder, which its manifest's `main` or an index stands for. */
  const fileOrFolder = (path: string): string | undefined => {
    const main: unknown = manifestOf(path)?.main;
    const inFolder =
      typeof main === 'string' ? [...EXTENSIONS, ...INDEX].map((end) => posix.join(path, main) + end) : [];
    return firstOf([...EXTENSIONS.map((end) => path + end), ...inFolder, ...INDEX.map((end) => path + end)], fileAt);
  };

  const inPackage = (folder: string, { name, subpath }: BareName, kind: Kind): string | undefined => {
    const manifest = manifestOf(folder);
    if ((manifest?.exports ?? undefined) === undefined) return fileOrFolder(folder + subpath);
    const pkg = { ...manifest, name };
    const targets = targetsOf(name + subpath, kind, (conditions) => exportsOf(pkg, `.${subpath}`, conditions));
    return firstOf(targets, (target) => fileAt(below(folder, target)));
  };

  const bare = (specifier: string, parent: string, kind: Kind): string | undefined => {
    const [, name, subpath = ''] = BARE.exec(specifier) ?? [];
    if (name === undefined) return undefined;
    const own = packageAround(posix.dirname(parent), manifestOf);
    if (own !== undefined && own.manifest.name === name && own.manifest.exports !== undefined) {
      return inPackage(own.folder, { name, subpath }, kind);
    }
    const folders = foldersUp(posix.dirname(parent)).filter((folder) => posix.basename(folder) !== 'node_modules');
    return firstOf(folders, (folder) => inPackage(posix.join(folder, 'node_modules', name), { name, subpath }, kind));
  };

  const internal = (specifier: string, parent: string, kind: Kind): string | undefined => {
    const own = packageAround(posix.dirname(parent), manifestOf);
    if (own?.manifest.imports === undefined) return undefined;
    const { folder, manifest } = own;
    const targets = targetsOf(specifier, kind, (conditions) => importsOf(manifest, specifier, conditions));
    return firstOf(targets, (target) =>
      target.startsWith('./') ? fileAt(below(folder, target)) : bare(target, parent, kind),
    );
  };

  /** Returns the file that a package's `browser` field puts in the place of another file or package. */
  const forBrowser = (path: string, inside: string): string | undefined => {
    const own = packageAround(inside, manifestOf);
    const map: unknown = own?.manifest.browser;
    if (own === undefined || typeof map !== 'object' || map === null) return undefined;
    const replacement: unknown = Object.entries(map).find(([from]) => from === path || `${from}.js` === path)?.[1];
    if (replacement === false) return NOTHING;
    if (typeof replacement !== 'string' || !replacement.startsWith('./')) return undefined;
    return fileAt(below(own.folder, replacement));
  };

  const find = (specifier: string, parent: string, kind: Kind): string | undefined => {
    if (specifier.startsWith('#')) return internal(specifier, parent, kind);
    if (!/^\.\.?(\/|$)/.test(specifier)) {
      return forBrowser(specifier, posix.dirname(parent)) ?? bare(specifier, parent, kind);
    }
    return parent === '' ? undefined : fileOrFolder(posix.join('/', posix.dirname(parent), specifier).slice(1));
  };

  return (specifier: string, parent: string, kind: Kind): string | undefined => {
    if (specifier.includes('\0') || specifier.startsWith('/')) return undefined;
    const file = find(specifier, parent, kind);
    if (file === undefined || file === NOTHING) return file;
    const own = packageAround(posix.dirname(file), manifestOf);
    return own === undefined ? file : (forBrowser(`.${file.slice(own.folder.length)}`, own.folder) ?? file);
  };
}

type Conditions = { readonly browser: boolean; readonly require: boolean };

/** Returns the targets in `exports` or `imports` of a manifest: for a browser, else for Node. @throws Refused */
function targetsOf(
  specifier: string,
  kind: Kind,
  map: (conditions: Conditions) => readonly string[] | void,
): readonly string[] {
  const require = kind === 'require';
  try {
    return map({ browser: true, require }) ?? [];
  } catch {
    // Nothing is for a browser.
  }
  try {
    return map({ browser: false, require }) ?? [];
  } catch (cause) {
    const reason = Error.isError(cause) ? cause.message : '';
    throw new Refused('ERR_PACKAGE_PATH_NOT_EXPORTED', `Cannot import '${specifier}': ${reason}`);
  }
}

/** The nearest folder with a manifest at or above `path`. */
function packageAround(path: string, manifestOf: PackageFolder['manifestOf']) {
  return firstOf<string, { folder: string; manifest: Manifest }>(foldersUp(path), (folder) => {
    const manifest = folder === '' ? undefined : manifestOf(folder);
    return manifest === undefined ? undefined : { folder, manifest };
  });
}

/** `path`, what it lies in, and so on to the root, ''. */
function foldersUp(path: string): readonly string[] {
  return path === '' || path === '.' ? [''] : [path, ...foldersUp(posix.dirname(path))];
}

/** Returns the path of a target of a manifest. @throws Refused for one outside its own package */
function below(folder: string, target: string): string {
  const path = posix.join(folder, target);
  if (target.startsWith('./') && path.startsWith(`${folder}/`)) return path;
  throw new Refused('ERR_INVALID_PACKAGE_TARGET', `The package in ${folder} leads out of its folder`);
}

function firstOf<From, To>(from: readonly From[], find: (from: From) => To | undefined): To | undefined {
  for (const one of from) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
