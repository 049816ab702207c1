// Builds the layer of libraries that every Python program may import, where it is missing.
// Arguments: the directory for it and, if it is not /usr/bin/python3, the interpreter.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createFetcher } from '../packages/index/fetcher.ts';
import { createFindPip } from '../packages/resolve/pip.ts';
import { BASE_REQUIREMENTS, baseLayerPath } from '../runtimes/python-namespaces/base-layer.ts';
import { proxyOf } from './proxy-environment.ts';
import { createPypiIndex } from '../packages/index/pypi-index.ts';
import { runProcess } from '../packages/resolve/run-process.ts';

const DEFAULT_PYTHON = '/usr/bin/python3';
const DEFAULT_INDEX = 'https://pypi.org/simple';
const BUILD_TIMEOUT_MS = 900_000;

/**
 * Downloads and unpacks what `python-requirements.txt` pins, each file against its hash, and compiles it.
 * @throws Error with the last output of pip
 */
export async function buildBaseLayer(cacheDir: string, python: string, env: NodeJS.ProcessEnv): Promise<string> {
  const path = await baseLayerPath(cacheDir, python);
  if (existsSync(path)) return path;
  await mkdir(join(path, '..'), { recursive: true });
  const unfinished = await mkdtemp(`${path}.`);
  try {
    const options = {
      env: cleanEnv(env),
      cwd: unfinished,
      timeoutMs: BUILD_TIMEOUT_MS,
      signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
      onLine: (line: string) => process.stderr.write(`${line}\n`),
    };
    const layer = join(unfinished, 'layer');
    const pip = await findPip({ python, directory: unfinished, env, signal: options.signal });
    const args = [...PIP_INSTALL, ...indexArguments(env), '--target', layer, '--requirement', BASE_REQUIREMENTS];
    await succeed('pip', runProcess([python, '-I', ...pip, ...args], options));
    process.stderr.write('Compiling\n');
    await succeed('compileall', runProcess([python, '-I', '-m', 'compileall', ...COMPILE, layer], options));
    // A reader sees the whole layer or none. Where another build was faster, its result serves as well.
    await rename(layer, path).catch((error: unknown) => {
      if (!existsSync(path)) throw error;
    });
    return path;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

const PIP_INSTALL = [
  ['install', '--isolated', '--no-input', '--disable-pip-version-check', '--no-cache-dir', '--no-compile'],
  ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--progress-bar', 'off'],
  // What runs as root in an image is meant to.
  ['--root-user-action', 'ignore'],
].flat();

/** Unchecked: the layer is never written again, so imports need not check the sources. The tests are not imported. */
const COMPILE = ['-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-x', '/layer/.*/tests/'];

const indexOf = (env: NodeJS.ProcessEnv): string => env['PIP_INDEX_URL'] ?? DEFAULT_INDEX;

interface PipSearch {
  readonly python: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Finds the interpreter's own pip or, on a Debian without it, downloads the pinned one. */
async function findPip({ python, directory, env, signal }: PipSearch): Promise<readonly string[]> {
  const fetcher = createFetcher({ proxy: proxyOf(env) });
  try {
    const index = createPypiIndex(fetcher, indexOf(env));
    return await createFindPip({ python, directory, index, fetcher })(signal);
  } finally {
    await fetcher.close();
  }
}

function indexArguments(env: NodeJS.ProcessEnv): readonly string[] {
  const certificates = env['PIP_CERT'] ?? env['SSL_CERT_FILE'];
  const index = ['--index-url', indexOf(env)];
  return certificates === undefined ? index : [...index, '--cert', certificates];
}

/** No configuration of the user's or the system's; a proxy is kept, since there may be no other way out. */
function cleanEnv(env: NodeJS.ProcessEnv): Record<string, string> {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  const kept = proxies.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { PIP_CONFIG_FILE: '/dev/null', HOME: '/nonexistent', PATH: '/usr/bin:/bin', ...Object.fromEntries(kept) };
}

async function succeed(name: string, run: ReturnType<typeof runProcess>): Promise<void> {
  const { exitCode, lastOutput } = await run;
  if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}: ${lastOutput}`);
}

if (import.meta.main) {
  const [cacheDir, python = DEFAULT_PYTHON] = process.argv.slice(2);
  if (cacheDir === undefined) {
    process.stderr.write('Usage: build-base-layer.ts <cache directory> [<python>]\n');
    process.exit(64);
  }
  // oxlint-disable-next-line node/no-process-env -- a command is its own main: the index and the proxy are set there
  process.stdout.write(`${await buildBaseLayer(cacheDir, python, process.env)}\n`);
}
