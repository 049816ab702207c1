// Makes ahead what the sandbox keeps in SANDBOX_CACHE_DIR, for an image whose file system is read-only when it runs.
import { loadConfig } from '@toolmesh/shared/kit/service/config';
import { SandboxConfig } from '../config.ts';
import { prepareJail } from '../jail/find-jail.ts';
import { compileWorker } from '../runtimes/jailed/compiled-worker.ts';
import { prepareInside } from '../runtimes/node/inside-files.ts';
import { makeSnapshot } from '../runtimes/python-wasm/runtime.ts';
import { prepareWorkerScripts } from '../runtimes/worker-scripts.ts';

// oxlint-disable-next-line node/no-process-env -- a command is its own main
const env = process.env;
const {
  SANDBOX_CACHE_DIR: cacheDirectory,
  SANDBOX_BWRAP: bwrap,
  SANDBOX_PYTHON: python,
} = loadConfig(SandboxConfig.pick({ SANDBOX_CACHE_DIR: true, SANDBOX_BWRAP: true, SANDBOX_PYTHON: true }), env);
const prepared = await prepareJail({ cacheDirectory, bwrap, python });
if (!('reason' in prepared.python)) await compileWorker(cacheDirectory, prepared.python);
await prepareInside(cacheDirectory, (error) => {
  throw error;
});
await makeSnapshot(cacheDirectory, await prepareWorkerScripts(cacheDirectory));
const interpreter = 'reason' in prepared.python ? prepared.python.reason : `Python ${prepared.python.version}`;
process.stdout.write(`${cacheDirectory} is ready: ${interpreter}\n`);
