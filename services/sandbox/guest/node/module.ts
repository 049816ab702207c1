import { fileURLToPath } from './file-url.ts';

/** Node's `module`; `requireFrom(path)` is the loader's. */
export function createModuleModule(requireFrom: (path: string) => unknown, names: readonly string[]) {
  const module = {
    builtinModules: names,
    isBuiltin: (name: unknown) => names.includes(String(name).replace(/^node:/, '')),
    createRequire: (from: unknown) => requireFrom(fileURLToPath(from)),
  };
  return { ...module, Module: module };
}
