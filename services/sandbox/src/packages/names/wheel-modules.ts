import type { ModuleOwners } from './module-owners.ts';

/** The import names that a wheel brings. */
export interface WheelModules {
  /**
   * Dotted names: of a shared namespace the parts that it adds, such as `google.protobuf`, of all else the first part
   * of the path.
   */
  readonly names: readonly string[];
}

/** The deepest that a shared namespace is followed. */
const MAX_DEPTH = 6;
const NAME = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u;
/** Files that Python imports: sources, compiled ones, and extension modules by their long and short names. */
const MODULE_FILE = /^([^.]+)(?:\.[\w-]+){0,3}\.(?:py|pyc|pyo|pyw|so|pyd|dll)$/;

/**
 * Returns the import names that files bring, given the paths below the directory of packages. `isStub` says which
 * `__init__.py` only declare a namespace. A compiled file counts for the module that it stands for.
 */
export function modulesOf(
  paths: Iterable<string>,
  { isShared }: Pick<ModuleOwners, 'isShared'>,
  isStub: (path: string) => boolean,
): WheelModules {
  const names = new Set<string>();
  for (const path of paths) {
    const name = moduleOf(path, isShared, isStub);
    if (name !== undefined) names.add(name);
  }
  return { names: [...names] };
}

function moduleOf(
  path: string,
  isShared: (module: string) => boolean,
  isStub: (path: string) => boolean,
): string | undefined {
  const parts = path.split('/').filter((part) => part !== '__pycache__');
  let name: string | undefined;
  for (const [depth, part] of parts.slice(0, MAX_DEPTH).entries()) {
    const isFile = depth === parts.length - 1;
    const step = stepOf(part, isFile);
    if (step === undefined) return isFile ? undefined : name;
    // The file of a folder that is followed because it is shared: it makes the folder its own, unless it is a stub.
    if (isFile && step === '__init__') return isStub(path) ? undefined : name;
    name = name === undefined ? step : `${name}.${step}`;
    if (!isShared(name)) return name;
  }
  return name;
}

/** Returns the part of an import name that a folder or file stands for, as Python reads it (PEP 3131). */
function stepOf(part: string, isFile: boolean): string | undefined {
  const step = (isFile ? MODULE_FILE.exec(part)?.[1] : part)?.normalize('NFKC');
  return step !== undefined && NAME.test(step) ? step : undefined;
}

const STUB_LINES = new Set([
  'try:',
  'except ImportError:',
  'except Exception:',
  'pass',
  'import pkgutil',
  'import pkg_resources',
  'from pkgutil import extend_path',
  "__path__=__import__('pkgutil').extend_path(__path__,__name__)",
  '__path__=extend_path(__path__,__name__)',
  '__path__=pkgutil.extend_path(__path__,__name__)',
  "__import__('pkg_resources').declare_namespace(__name__)",
  'pkg_resources.declare_namespace(__name__)',
  'import pkgutil;__path__=pkgutil.extend_path(__path__,__name__)',
]);
/** Longer files are no stubs. */
export const STUB_BYTES = 4_096;

/** Returns true for a source that does nothing but share its namespace, or nothing at all. */
export function isNamespaceStub(source: string): boolean {
  if (source.length > STUB_BYTES) return false;
  return source.split('\n').every((line) => {
    const code = (line.split('#')[0] ?? '').trim().replaceAll('"', "'");
    if (code === '') return true;
    // Blanks count between words alone.
    return STUB_LINES.has(code) || STUB_LINES.has(code.replaceAll(' ', '')) || STUB_LINES.has(tight(code));
  });
}

const tight = (code: string): string => code.replaceAll(/ ?([=(),;]) ?/g, '$1');
