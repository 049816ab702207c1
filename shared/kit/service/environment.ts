import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Variables that a program may need whatever it does: where things are, its language, Node, and whom TLS trusts. */
const BASIC = new Set(
  [
    'PATH HOME USER LOGNAME SHELL TERM TMPDIR TZ LANG LANGUAGE NO_COLOR FORCE_COLOR UV_THREADPOOL_SIZE',
    'SSL_CERT_FILE SSL_CERT_DIR XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR',
    'NODE_OPTIONS NODE_ENV NODE_DEBUG NODE_COMPILE_CACHE NODE_V8_COVERAGE NODE_EXTRA_CA_CERTS NODE_USE_SYSTEM_CA',
    'NODE_USE_ENV_PROXY NODE_NO_WARNINGS NODE_TLS_REJECT_UNAUTHORIZED',
  ].flatMap((line) => line.split(' ')),
);
const PROXIES = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']);

/**
 * Returns the part of `env` for a process with these settings: each `NAME` and `NAME_FILE`, and the basics that every
 * process needs. Proxies are among them only where NODE_USE_ENV_PROXY lets Node itself use them.
 */
export function environmentFor(settings: ReadonlySet<string>, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const usesProxies = (env['NODE_USE_ENV_PROXY'] ?? '') !== '';
  const isNeeded = (name: string) =>
    isBasic(name) ||
    settings.has(name) ||
    (name.endsWith('_FILE') && settings.has(name.slice(0, -'_FILE'.length))) ||
    (usesProxies && PROXIES.has(name));
  return Object.fromEntries(Object.entries(env).filter(([name]) => isNeeded(name)));
}

const isBasic = (name: string): boolean => BASIC.has(name) || name.startsWith('LC_');

/**
 * Returns a copy of this process's environment and leaves only `kept` and the basics in it, for this process, for those
 * that it starts, and for those that look into `/proc/PID/environ`. Call it once, before anything reads a setting.
 */
export function takeEnvironment(kept: ReadonlySet<string>): NodeJS.ProcessEnv {
  // oxlint-disable-next-line node/no-process-env -- the one place where the environment of a process is read
  const { env } = process;
  const all = { ...env };
  const stays = environmentFor(kept, all);
  const taken = Object.keys(all).filter((name) => !Object.hasOwn(stays, name));
  for (const name of taken) delete env[name];
  blank(new Set(taken));
  return all;
}

const [ENV_START, ENV_END] = [50, 51];

/**
 * Overwrites variables where the kernel has put them: `/proc/PID/environ` shows that memory for as long as the process
 * lives, whatever becomes of the variables (proc_pid_environ(5)). Elsewhere than on Linux nobody can look there.
 */
function blank(names: ReadonlySet<string>): void {
  if (process.platform !== 'linux' || names.size === 0) return;
  try {
    const start = fieldOfStat(ENV_START);
    const environment = readFileSync('/proc/self/environ');
    if (environment.length === 0 || fieldOfStat(ENV_END) - start !== environment.length) return;
    const memory = openSync('/proc/self/mem', 'r+');
    try {
      for (const { name, from, to } of entriesOf(environment)) {
        if (names.has(name)) writeSync(memory, Buffer.alloc(to - from), 0, to - from, start + from);
      }
    } finally {
      closeSync(memory);
    }
  } catch {
    // Some systems refuse it. Our own children get nothing of it all the same.
  }
}

/** A field of `/proc/self/stat` by its number in proc_pid_stat(5); the second one may contain anything. */
function fieldOfStat(number: number): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[number - 3]);
}

function* entriesOf(environment: Buffer) {
  for (let from = 0; from < environment.length;) {
    const end = environment.indexOf(0, from);
    const to = end === -1 ? environment.length : end;
    yield { name: environment.toString('latin1', from, to).split('=', 1)[0] ?? '', from, to };
    from = to + 1;
  }
}
