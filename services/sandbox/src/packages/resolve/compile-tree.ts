import type { RunTool } from './run-tool.ts';
import { prefixesOf } from './run-tool.ts';
import type { PythonTarget } from './python-target.ts';

/** Compiles the sources of a tree in `folder`, beside them. Nothing of them is run: an error in one is of no interest. */
export type CompileTree = (folder: string, tree: string, signal: AbortSignal) => Promise<void>;

const COMPILE_TIMEOUT_MS = 600_000;
const LIMITS = { addressSpace: 4 * 1_024 ** 3, fileBytes: 1_024 ** 3 };
/** Directory of a set in a jail, which tracebacks name. */
const PACKAGES = '/opt/packages';

/**
 * Makes the bytecode that imports would make otherwise, each time anew, since a jail writes none: a package of a thousand
 * modules is imported five times as fast. Unchecked: a tree is never written again. The interpreter parses what others
 * wrote, and so runs in the jail of pip.
 */
export function createCompileTree({ kind }: PythonTarget, python: string, runTool: RunTool): CompileTree {
  // The bytecode of another interpreter cannot be made here.
  if (kind === 'wasm') return async () => {};
  return async (folder, tree, signal) => {
    await runTool({
      command: [python, '-I', '-S', '-m', 'compileall', ...FLAGS, '-s', tree, '-p', PACKAGES, tree],
      env: { LC_ALL: 'C.UTF-8', PATH: '/nonexistent' },
      readable: prefixesOf(python),
      writable: folder,
      limits: LIMITS,
      timeoutMs: COMPILE_TIMEOUT_MS,
      signal,
    });
  };
}

/** Tests are not imported. Some packages have templates that are no programs: those are left as they are. */
const FLAGS = ['-qq', '--invalidation-mode', 'unchecked-hash', '-x', '/tests?/'];
