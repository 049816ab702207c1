// Builds what is missing of the base layer: the libraries, fonts and locales that every Python program has.
// Arguments: the directory for it and, if it is not /usr/bin/python3, the interpreter. With --child it speaks JSON to the
// service that has started it, and ends with it.
import { parseArgs } from 'node:util';
import { buildBaseLayer, type BuildProgress } from '../base-layer/build-base-layer.ts';
import { explainBuildFailure } from '../base-layer/explain-build-failure.ts';
import { findLayerFolder } from '../base-layer/layer-folder.ts';
import { createFetcher } from '../packages/index/fetcher.ts';
import { proxyOf } from './proxy-environment.ts';

const DEFAULT_PYTHON = '/usr/bin/python3';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { child: { type: 'boolean', default: false } },
  });
  const [cacheDirectory, python = DEFAULT_PYTHON] = positionals;
  if (cacheDirectory === undefined) {
    process.stderr.write('Usage: build-base-layer.ts <cache directory> [<python>]\n');
    return 64;
  }
  // oxlint-disable-next-line node/no-process-env -- a command is its own main: the index and the proxy are set there
  const env = process.env;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  if (values.child) process.stdin.on('end', () => stop.abort()).resume();
  const say = values.child ? sayAsJson : sayInWords();
  const fetcher = createFetcher({ proxy: proxyOf(env), fileTimeoutMs: 900_000 });
  try {
    const folder = await findLayerFolder(cacheDirectory, python);
    await buildBaseLayer({
      folder,
      python,
      fetcher,
      index: env['PIP_INDEX_URL'] || 'https://pypi.org/simple',
      registry: env['NPM_CONFIG_REGISTRY'] || 'https://registry.npmjs.org',
      signal: stop.signal,
      onProgress: say,
    });
    if (!values.child) process.stdout.write(`${folder.directory}\n`);
    return 0;
  } catch (error) {
    const { message, isLasting } = explainBuildFailure(error);
    if (values.child) process.stdout.write(`${JSON.stringify({ failed: message, lasting: isLasting })}\n`);
    else process.stderr.write(`${message}\n`);
    return 1;
  } finally {
    await fetcher.close();
  }
}

const sayAsJson = (progress: BuildProgress): boolean => process.stdout.write(`${JSON.stringify(progress)}\n`);

/** Writes a line for each set and each tenth of the work. */
function sayInWords() {
  let last = '';
  return ({ set, percent }: BuildProgress): void => {
    const line = `${Math.floor(percent / 10) * 10} % ${set ?? ''}`.trimEnd();
    if (line !== last) process.stderr.write(`${line}\n`);
    last = line;
  };
}

process.exitCode = await main();
process.stdin.destroy();
