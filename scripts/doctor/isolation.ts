import { type Finding, note, ok, wrong } from './finding.ts';
import type { ServiceState } from './services.ts';

/** Reports the isolation level of programs, and the reason when it is not the best. */
export async function checkIsolation(
  services: readonly ServiceState[],
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const sandbox = services.find(({ name }) => name === 'sandbox');
  const demanded = env['SANDBOX_ISOLATION'] || 'auto';
  const running = sandbox?.state === 'running' ? levelsOf(sandbox.health) : undefined;
  if (running !== undefined && running['python'] === 'namespaces') return [ok('Isolation', inWords(running))];
  if (demanded === 'wasm') return [note('Isolation', 'Python in wasm, as SANDBOX_ISOLATION demands', BETTER)];

  const reason = await whyNoJail(env);
  if (reason === undefined && running === undefined)
    return [ok('Isolation', 'Python would run in namespaces, the best level')];
  if (reason === undefined) {
    return [note('Isolation', `${inWords(running ?? {})}, and namespaces are available now`, 'restart the sandbox')];
  }
  if (demanded === 'namespaces')
    return [wrong('Isolation', 'SANDBOX_ISOLATION demands namespaces, which this machine does not allow', reason)];
  return [note('Isolation', 'Python in wasm: safe, slower, and without wheels; namespaces are not available', reason)];
}

const BETTER = 'unset it to use the best level that is available';

const levelsOf = ({ isolation }: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...Object(isolation),
});

const inWords = (levels: Readonly<Record<string, unknown>>): string =>
  Object.entries(levels)
    .map(([language, level]) => `${language} in ${String(level)}`)
    .join(', ');

/** Makes a jail as the sandbox would; undefined when that works. */
async function whyNoJail(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { whyNoNamespaces } = await import('../../services/sandbox/src/service.ts');
  return whyNoNamespaces(env);
}
