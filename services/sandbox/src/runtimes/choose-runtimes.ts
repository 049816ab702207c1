import type { Language } from '@toolmesh/shared/contracts/execution';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { openBaseLayer } from '../base-layer/base-layer.ts';
import { providedBy } from '../base-layer/provided.ts';
import type { Cgroups } from '../jail/cgroup.ts';
import { type FoundJail, findJail } from '../jail/find-jail.ts';
import { ARTIFACT_LIMITS } from '../workers/protocol.ts';
import type { Renewal } from '../workers/launcher.ts';
import { startWorker } from '../workers/worker-process.ts';
import { createJavaScript } from './javascript/runtime.ts';
import type { NodeHost, NodeJail, NodeUnjailed } from './node-worker.ts';
import { compileWorker } from './jailed/compiled-worker.ts';
import { createJailedRuntime, type JailedHost, type JailedLanguage } from './jailed/runtime.ts';
import { esbuildProgram } from './node/esbuild.ts';
import { prepareInside } from './node/inside-files.ts';
import { nodeNamespaces } from './node/runtime.ts';
import { pythonNamespaces } from './python-namespaces/runtime.ts';
import { createPythonWasm } from './python-wasm/runtime.ts';
import type { Runtime } from './runtime.ts';
import { chooseSystemLanguages } from './system-languages/choose-system-languages.ts';
import { findUnprivileged } from './unprivileged.ts';
import { prepareWorkerScripts } from './worker-scripts.ts';

export interface RuntimeChoice {
  /**
   * The best there is; `namespaces` to demand a jail around the programs of every language; `wasm` to demand WebAssembly
   * of Python.
   */
  readonly isolation: 'auto' | 'namespaces' | 'wasm';
  readonly cacheDirectory: string;
  /** Folder of all installed packages. */
  readonly packagesDirectory: string;
  /** Path of bubblewrap. */
  readonly bwrap: string;
  /** Path of the system's Python. */
  readonly python: string;
  /** The environment in which the base layer is built. */
  readonly buildEnv: Readonly<Record<string, string>>;
  /** Makes control groups for workers; absent where there are none. */
  readonly cgroups?: Cgroups | undefined;
  /** The time at which launchers of workers make way for others. */
  readonly renewal: Renewal;
  readonly logger: Logger;
}

/** The runtimes of a machine, and why there is none for the other languages. */
export interface ChosenRuntimes {
  readonly runtimes: readonly Runtime[];
  /** The reason why a language is missing, with the cure. */
  readonly lacking: ReadonlyMap<Language, string>;
}

/**
 * Returns the runtimes of this machine, each of which has run a program, but for those of the system's own languages,
 * which start when they are asked for. What runs in a process of Node is in a jail,
 * too, where one can be had; else it is an unprivileged user's. What is chosen here stays: a jail that breaks later
 * starts no more workers.
 * @throws ConfigError when the level that is demanded cannot be had, with the reason and the cure.
 */
export async function chooseRuntimes(choice: RuntimeChoice): Promise<ChosenRuntimes> {
  const found = await findJail(choice);
  if ('reason' in found) choice.logger.warn({ reason: found.reason }, 'there is no jail');
  const jailed = await findJailedHost(choice, found);
  const [python, javaScript] = await Promise.all([
    choosePython(choice, found, jailed),
    chooseJavaScript(choice, found, jailed),
  ]);
  const { runtimes, lacking } = await chooseSystemLanguages({
    host: python.isolation === 'namespaces' || 'reason' in jailed ? jailed : { reason: WITHOUT_NAMESPACES },
    isLaunched: python.isLaunched ?? false,
    cacheDirectory: choice.cacheDirectory,
  });
  return { runtimes: [python, javaScript, ...runtimes], lacking };
}

const WITHOUT_NAMESPACES = 'Python is not in namespaces here';

/** Returns the interpreter that wheels have to fit: that of the chosen Python runtime. */
export function pythonTargetOf(runtimes: readonly Runtime[]): {
  readonly version: string;
  readonly kind: 'native' | 'wasm';
} {
  const python = runtimes.find(({ languages }) => languages.includes('python'));
  return { version: python?.pythonVersion ?? '', kind: python?.isolation === 'wasm' ? 'wasm' : 'native' };
}

type Search = FoundJail | { readonly reason: string };

type HostSearch = JailedHost | { readonly reason: string };

/** Returns what the jails of all languages have in common, or why none can be had. */
async function findJailedHost(choice: RuntimeChoice, found: Search): Promise<HostSearch> {
  if ('reason' in found) return found;
  const { python } = found;
  if ('reason' in python) return python;
  const { cacheDirectory, packagesDirectory, renewal } = choice;
  return { found, python, compiled: await compileWorker(cacheDirectory, python), packagesDirectory, renewal };
}

async function choosePython(choice: RuntimeChoice, found: Search, host: HostSearch): Promise<Runtime> {
  const { isolation, logger } = choice;
  if (isolation !== 'wasm') {
    const runtime = await pythonInNamespaces(choice, host);
    if (!('reason' in runtime)) return runtime;
    const { reason } = runtime;
    if (isolation === 'namespaces') throw cannotBeHad('Python', reason);
    logger.warn({ reason }, 'Python falls back to wasm');
  }
  return chooseForNode(choice, found, (worker) => createPythonWasm(choice.cacheDirectory, worker));
}

const cannotBeHad = (languages: string, reason: string): ConfigError =>
  new ConfigError(
    `SANDBOX_ISOLATION: namespaces cannot be had for ${languages}: ${reason}. Or set SANDBOX_ISOLATION=auto`,
  );

async function chooseJavaScript(choice: RuntimeChoice, found: Search, host: HostSearch): Promise<Runtime> {
  if (choice.isolation !== 'wasm') {
    const runtime = await nodeInNamespaces(choice, host);
    if (!('reason' in runtime)) return runtime;
    choice.logger.warn({ reason: runtime.reason }, 'JavaScript and TypeScript fall back to an isolate');
  }
  return chooseForNode(choice, found, createJavaScript);
}

async function nodeInNamespaces(
  choice: RuntimeChoice,
  host: HostSearch,
): Promise<Runtime | { readonly reason: string }> {
  if ('reason' in host) return host;
  try {
    const inside = await prepareInside(choice.cacheDirectory, (err) => {
      choice.logger.warn({ err }, 'workers of Node start slowly: there is no code cache');
    });
    return await chooseStart(nodeNamespaces({ inside, esbuild: esbuildProgram() }), host, choice);
  } catch (error) {
    return { reason: Error.isError(error) ? error.message : String(error) };
  }
}

async function pythonInNamespaces(
  choice: RuntimeChoice,
  host: HostSearch,
): Promise<Runtime | { readonly reason: string }> {
  if ('reason' in host) return host;
  const { python } = host;
  const layer = await openBaseLayer({ ...choice, env: choice.buildEnv });
  const provided = await providedBy(layer, choice.logger);
  const chosen = await chooseStart(pythonNamespaces({ version: python.version, layer, provided }), host, choice);
  if ('reason' in chosen) layer.close();
  return chosen;
}

/** Returns the runtime of a jailed language with the quickest way to start workers that works, or why none does. */
async function chooseStart(
  language: JailedLanguage,
  host: JailedHost,
  choice: RuntimeChoice,
): Promise<Runtime | { readonly reason: string }> {
  const launched = createJailedRuntime(language, host, { isLaunched: true });
  const trouble = await tryOut(launched, choice);
  if (trouble === undefined) return launched;
  launched.close?.();
  choice.logger.warn({ reason: trouble, runtime: language.name }, 'starts slowly: no launcher can be had');
  const runtime = createJailedRuntime(language, host, { isLaunched: false });
  const failure = await tryOut(runtime, choice);
  return failure === undefined ? runtime : { reason: failure };
}

/** Chooses a jail for a runtime in a process of Node, or the second best where none works. */
async function chooseForNode(
  choice: RuntimeChoice,
  found: Search,
  make: (host: NodeHost) => Runtime | Promise<Runtime>,
): Promise<Runtime> {
  const jailed = 'reason' in found ? found : await attempt(make, await withScripts(found, choice), choice);
  if (!('reason' in jailed)) return jailed;
  // Where Python must be in namespaces, this is for the others.
  if (choice.isolation === 'namespaces') throw cannotBeHad('JavaScript and TypeScript', jailed.reason);
  const host = await withoutJail(choice, jailed.reason);
  const runtime = await attempt(make, host, choice);
  if ('reason' in runtime) {
    throw new ConfigError(
      `SANDBOX_BWRAP: programs run neither in a jail (${jailed.reason}) nor as an unprivileged user, ` +
        `who must be able to read this project and SANDBOX_CACHE_DIR: ${runtime.reason}`,
    );
  }
  choice.logger.warn({ runtime: runtime.name, reason: jailed.reason }, 'runs without a jail around its isolate');
  return runtime;
}

async function attempt(
  make: (host: NodeHost) => Runtime | Promise<Runtime>,
  host: NodeHost,
  choice: RuntimeChoice,
): Promise<Runtime | { readonly reason: string }> {
  const runtime = await make(host);
  const reason = await tryOut(runtime, choice);
  return reason === undefined ? runtime : { reason };
}

/** Makes the second best to a jail. @throws ConfigError when this service is root and cannot become another user. */
async function withoutJail({ cacheDirectory, logger }: RuntimeChoice, unjailed: string): Promise<NodeUnjailed> {
  const way = await findUnprivileged();
  if ('reason' in way) {
    throw new ConfigError(
      `SANDBOX_BWRAP: there is no jail (${unjailed}), and no program runs as root, which cannot become another user ` +
        `here: ${way.reason}. Run the sandbox as an ordinary user`,
    );
  }
  logger.info({ as: way.name }, 'programs run as an unprivileged process');
  return { unjailed, scripts: await scriptsIn(cacheDirectory), wrap: way.wrap };
}

const withScripts = async (found: FoundJail, { cacheDirectory }: RuntimeChoice): Promise<NodeJail> => ({
  ...found,
  scripts: await scriptsIn(cacheDirectory),
});

async function scriptsIn(cacheDirectory: string): Promise<string> {
  try {
    return await prepareWorkerScripts(cacheDirectory);
  } catch (error) {
    throw new ConfigError(`SANDBOX_CACHE_DIR: workers cannot be prepared in ${cacheDirectory}: ${String(error)}`);
  }
}

const TRY_TIMEOUT_MS = 10_000;

const TRIAL = {
  code: '6 * 7',
  stdin: '',
  memory_bytes: 512 * 1_024 ** 2,
  keep: false,
  artifact_limits: ARTIFACT_LIMITS,
};

/** Runs a program in a worker of the runtime. Returns what went wrong. */
async function tryOut({ worker, languages }: Runtime, { cgroups }: RuntimeChoice): Promise<string | undefined> {
  try {
    const started = await startWorker(worker(), { cgroups });
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
