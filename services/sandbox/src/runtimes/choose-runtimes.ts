import { existsSync } from 'node:fs';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { findJail } from '../jail/find-jail.ts';
import { ARTIFACT_LIMITS } from '../workers/protocol.ts';
import { startWorker } from '../workers/worker-process.ts';
import { createJavaScript } from './javascript/runtime.ts';
import type { NodeJail } from './node-worker.ts';
import { baseLayerPackages, baseLayerPath } from './python-namespaces/base-layer.ts';
import { compileWorker } from './python-namespaces/compiled-worker.ts';
import { createPythonNamespaces } from './python-namespaces/runtime.ts';
import { createPythonWasm } from './python-wasm/runtime.ts';
import type { Runtime } from './runtime.ts';
import { prepareWorkerScripts } from './worker-scripts.ts';

export interface RuntimeChoice {
  /** The level that Python must have: the best there is, or one that is demanded. */
  readonly isolation: 'auto' | 'namespaces' | 'wasm';
  readonly cacheDirectory: string;
  /** Path of bubblewrap. */
  readonly bwrap: string;
  /** Path of the system's Python. */
  readonly python: string;
  readonly logger: Logger;
}

/**
 * The runtimes of this machine, each of which has run a program. What runs in a process of Node is in a jail, too,
 * where one can be had.
 * @throws ConfigError when the level that is demanded cannot be had, with the reason and the cure.
 */
export async function chooseRuntimes(choice: RuntimeChoice): Promise<readonly Runtime[]> {
  const found = await findNodeJail(choice);
  if ('reason' in found) choice.logger.warn({ reason: found.reason }, 'there is no jail');
  return Promise.all([choosePython(choice, found), chooseJavaScript(choice, 'jail' in found ? found : undefined)]);
}

/** Returns the interpreter that wheels have to fit: that of the chosen Python runtime. */
export function pythonTargetOf(runtimes: readonly Runtime[]): {
  readonly version: string;
  readonly kind: 'native' | 'wasm';
} {
  const python = runtimes.find(({ languages }) => languages.includes('python'));
  return { version: python?.pythonVersion ?? '', kind: python?.isolation === 'wasm' ? 'wasm' : 'native' };
}

type Search = NodeJail | { readonly reason: string };

async function findNodeJail(choice: RuntimeChoice): Promise<Search> {
  const found = await findJail(choice);
  return 'reason' in found ? found : { ...found, scripts: prepareWorkerScripts(choice.cacheDirectory) };
}

async function choosePython(choice: RuntimeChoice, found: Search): Promise<Runtime> {
  const { isolation, logger } = choice;
  if (isolation !== 'wasm') {
    const runtime = await namespaces(choice, found);
    if (!('reason' in runtime)) return runtime;
    const { reason } = runtime;
    if (isolation === 'namespaces') {
      throw new ConfigError(`SANDBOX_ISOLATION: namespaces cannot be had: ${reason}. Or set SANDBOX_ISOLATION=auto`);
    }
    logger.warn({ reason }, 'Python falls back to wasm');
  }
  const make = (jail: NodeJail | undefined) => createPythonWasm(choice.cacheDirectory, jail);
  return jailedIfPossible(make, 'jail' in found ? found : undefined, logger);
}

async function namespaces(choice: RuntimeChoice, found: Search): Promise<Runtime | { readonly reason: string }> {
  if ('reason' in found) return found;
  const { python } = found;
  if ('reason' in python) return python;
  const path = await baseLayerPath(choice.cacheDirectory, choice.python);
  const layer = existsSync(path) ? path : undefined;
  if (layer === undefined) choice.logger.info('without numpy, pandas and matplotlib: npm run python-layer adds them');
  const provided = layer === undefined ? [] : await baseLayerPackages(layer);
  const compiled = await compileWorker(choice.cacheDirectory, python);
  const options = { found, python, compiled, layer, provided };
  const launched = createPythonNamespaces(options, { isLaunched: true });
  const trouble = await tryOut(launched);
  if (trouble === undefined) return launched;
  launched.close?.();
  choice.logger.warn({ reason: trouble }, 'Python starts slowly: no launcher can be had');
  const runtime = createPythonNamespaces(options, { isLaunched: false });
  const failure = await tryOut(runtime);
  return failure === undefined ? runtime : { reason: failure };
}

const chooseJavaScript = ({ logger }: RuntimeChoice, jail: NodeJail | undefined): Promise<Runtime> =>
  jailedIfPossible((found) => createJavaScript(found), jail, logger);

async function jailedIfPossible(
  make: (jail: NodeJail | undefined) => Runtime | Promise<Runtime>,
  jail: NodeJail | undefined,
  logger: Logger,
): Promise<Runtime> {
  if (jail !== undefined) {
    const jailed = await make(jail);
    const failure = await tryOut(jailed);
    if (failure === undefined) return jailed;
    logger.warn({ runtime: jailed.name, reason: failure }, 'runs without a jail around its isolate');
  }
  const runtime = await make(undefined);
  const failure = await tryOut(runtime);
  if (failure !== undefined) throw new Error(`${runtime.name} does not work: ${failure}`);
  return runtime;
}

const TRY_TIMEOUT_MS = 10_000;

const TRIAL = {
  code: '6 * 7',
  stdin: '',
  files: [],
  memory_bytes: 512 * 1_024 ** 2,
  keep: false,
  artifact_limits: ARTIFACT_LIMITS,
};

/** Runs a program in a worker of the runtime. Returns what went wrong. */
async function tryOut({ worker, languages }: Runtime): Promise<string | undefined> {
  try {
    const started = await startWorker(worker());
    const program = { ...TRIAL, language: languages[0] ?? '' };
    const { signal } = new AbortController();
    const options = { timeoutMs: TRY_TIMEOUT_MS, outputBytes: 1_024, signal };
    const { ending, stderr } = await started.run(program, options);
    if (ending.kind === 'report' && ending.report.result === '42') return undefined;
    return `a first program ended badly (${ending.kind}) ${stderr.text}`.trim();
  } catch (error) {
    return Error.isError(error) ? causeOf(error) : String(error);
  }
}

const causeOf = ({ message, cause }: Error): string => (Error.isError(cause) ? cause.message : message);
