import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import { type NodeHost, nodeWorker, whyUnjailed } from '../node-worker.ts';
import type { Runtime } from '../runtime.ts';
import { guestPath, scriptPath } from '../worker-scripts.ts';

const MAKE_SNAPSHOT = fileURLToPath(new URL('../../commands/make-snapshot.ts', import.meta.url));

const SNAPSHOT_TIMEOUT_MS = 60_000;

/** Makes the saved memory in a process of its own, by the workers' `scripts`, and returns its path. @throws ConfigError when it cannot be kept. */
export async function makeSnapshot(directory: string, scripts: string): Promise<string> {
  const command = join(scripts, scriptPath(MAKE_SNAPSHOT));
  const args = ['--no-warnings', command, 'python', directory, guestPath(scripts, 'python-wasm')];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: SNAPSHOT_TIMEOUT_MS, env: {} });
    return stdout;
  } catch (cause) {
    const reason =
      Error.isError(cause) && 'stderr' in cause ? /^\w*Error: .*$/m.exec(String(cause.stderr))?.[0] : undefined;
    throw new ConfigError(`SANDBOX_CACHE_DIR: Python cannot be prepared in ${directory}: ${reason ?? String(cause)}`);
  }
}

/** Of the Pyodide that package.json pins. */
const PYTHON_VERSION = '3.14';
const IDLE_BYTES = 270 * 1_024 ** 2;
const IMPORTS = ['isolated-vm', 'node-gyp-build', 'pyodide'] as const;

/**
 * Python as Pyodide inside an isolate inside a process, which is in a jail where there is one: no host file, no
 * network, no thread, no subprocess, the standard library and pure Python packages. Needs nothing but Node. The first
 * start takes 2 s to save the interpreter's memory.
 */
export async function createPythonWasm(cacheDirectory: string, host: NodeHost): Promise<Runtime> {
  const snapshot = await makeSnapshot(cacheDirectory, host.scripts);
  return {
    name: 'python-wasm',
    languages: ['python'],
    isolation: 'wasm',
    unjailed: whyUnjailed(host),
    pythonVersion: PYTHON_VERSION,
    slowStart: { idleBytes: IDLE_BYTES },
    worker: (packages) => {
      const reads = packages === undefined ? [snapshot] : [snapshot, packages];
      return nodeWorker({ script: new URL('./worker.ts', import.meta.url), imports: IMPORTS, reads }, host);
    },
  };
}
