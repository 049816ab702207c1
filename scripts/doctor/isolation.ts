import { type Finding, note, ok, wrong } from './finding.ts';
import type { ServiceState } from './services.ts';

/** Reports what bounds the memory and the processes of programs, and how to have the kernel count them. */
export async function checkLimits(
  services: readonly ServiceState[],
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const sandbox = services.find(({ name }) => name === 'sandbox');
  const limits = sandbox?.state === 'running' ? sandbox.health['limits'] : undefined;
  if (limits === 'cgroup') return [ok('Limits', 'a control group for each worker')];
  if (env['SANDBOX_LIMITS'] === 'rlimits') return [note('Limits', 'rlimits, as SANDBOX_LIMITS demands')];
  const { whyNoCgroup } = await import('../../services/sandbox/src/service.ts');
  const reason = await whyNoCgroup(env);
  if (reason !== undefined) return [note('Limits', 'rlimits: what the kernel holds for programs is estimated', reason)];
  return limits === undefined
    ? [ok('Limits', 'each worker would get a control group')]
    : [note('Limits', 'rlimits, and control groups are available now', 'restart the sandbox from here')];
}

/** Reports the isolation level of programs, and the reason when it is not the best. */
export async function checkIsolation(
  services: readonly ServiceState[],
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const sandbox = services.find(({ name }) => name === 'sandbox');
  const demanded = env['SANDBOX_ISOLATION'] || 'auto';
  const health = sandbox?.state === 'running' ? sandbox.health : undefined;
  const running = health === undefined ? undefined : levelsOf(health);
  const unjailed = health === undefined ? [] : unjailedOf(health);
  if (unjailed.length > 0) return [await withoutJail(unjailed, env)];
  if (running !== undefined && running['python'] === 'namespaces') return [besidePython(running)];
  if (demanded === 'wasm') return [note('Isolation', 'Python in wasm, as SANDBOX_ISOLATION demands', BETTER)];

  return [foundOnThisMachine(await whyNoJail(env), { demanded, running })];
}

/** Reports the levels where Python has the best: JavaScript is Node there, unless a part of it is missing. */
const besidePython = (running: Readonly<Record<string, unknown>>): Finding =>
  running['javascript'] === 'namespaces'
    ? ok('Isolation', inWords(running))
    : note(
        'Isolation',
        `${inWords(running)}: without Node`,
        'run npm install; the log of the sandbox says what is missing',
      );

type Lack = Awaited<ReturnType<typeof whyNoJail>>;

/** Reports what a start of the sandbox would find, beside what is demanded and what runs now. */
function foundOnThisMachine(
  lack: Lack,
  { demanded, running }: { readonly demanded: string; readonly running: Readonly<Record<string, unknown>> | undefined },
): Finding {
  if (lack === undefined) {
    return running === undefined
      ? ok('Isolation', 'Python would run in namespaces, the best level')
      : note('Isolation', `${inWords(running)}, and namespaces are available now`, 'restart the sandbox');
  }
  const { lacks, reason } = lack;
  if (demanded === 'namespaces') {
    return wrong('Isolation', 'SANDBOX_ISOLATION demands namespaces, which this machine does not allow', reason);
  }
  const jail = lacks === 'jail' ? ', all without a jail' : '';
  return note('Isolation', `Python in wasm: slower and without wheels${jail}; namespaces are not available`, reason);
}

const BETTER = 'unset it to use the best level that is available';

/** Reports languages that run without a jail, and how to get one. */
async function withoutJail(languages: readonly string[], env: NodeJS.ProcessEnv): Promise<Finding> {
  const cure = (await whyNoJail(env))?.reason ?? 'a jail can be had now: restart the sandbox';
  return note('Isolation', `${languages.join(', ')} without a jail, as an unprivileged process`, cure);
}

const unjailedOf = ({ jailed }: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(Object(jailed)).flatMap(([language, isJailed]) => (isJailed === false ? [language] : []));

const levelsOf = ({ isolation }: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...Object(isolation),
});

const inWords = (levels: Readonly<Record<string, unknown>>): string =>
  Object.entries(levels)
    .map(([language, level]) => `${language} in ${String(level)}`)
    .join(', ');

/** Makes a jail as the sandbox would; undefined when that works. */
async function whyNoJail(env: NodeJS.ProcessEnv) {
  const { whyNoNamespaces } = await import('../../services/sandbox/src/service.ts');
  return whyNoNamespaces(env);
}
