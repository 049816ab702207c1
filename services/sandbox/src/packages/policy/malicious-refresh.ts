import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ProxySettings } from '@toolmesh/shared/kit/http/connections';
import { runProcess } from '../resolve/run-process.ts';
import { maliciousFile, type MaliciousKnowledge } from './malicious.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const COMMAND = fileURLToPath(new URL('../../commands/refresh-malicious.ts', import.meta.url));
/** Two dumps of some hundred megabytes, over a slow line. */
const REFRESH_TIMEOUT_MS = HOUR;

/** Returns the time until the next refresh: a day after the last one, at a time that no two services share. */
export function refreshDelayMs(
  { ageMs, hasFailed }: { readonly ageMs: number; readonly hasFailed: boolean },
  random: number,
): number {
  if (hasFailed) return HOUR * (0.75 + random / 2);
  return Math.max(DAY * (0.9 + random / 5) - ageMs, MINUTE * (1 + 9 * random));
}

export interface MaliciousRefreshOptions {
  readonly knowledge: MaliciousKnowledge;
  /** Fetches and writes the list. */
  readonly fetchList: (signal: AbortSignal) => Promise<void>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly random?: () => number;
  readonly now?: () => Date;
  /** Calls `run` after a while, and returns how to call that off. */
  readonly after?: (ms: number, run: () => void) => () => void;
}

const afterTimeout = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

/** Renews the knowledge of malicious packages every day, and tries again an hour after a failure. */
export function scheduleMaliciousRefresh(options: MaliciousRefreshOptions): { close(): void } {
  const { knowledge, fetchList, logger, random = Math.random, now = () => new Date(), after = afterTimeout } = options;
  const stopped = new AbortController();
  let cancel = (): void => {};

  const refresh = async (): Promise<boolean> => {
    try {
      await fetchList(stopped.signal);
      await knowledge.reload();
      logger.info({ names: knowledge.status().names }, 'list of malicious packages renewed');
      return true;
    } catch (error) {
      if (!stopped.signal.aborted) logger.warn({ err: error }, 'list of malicious packages not renewed');
      return false;
    }
  };
  const schedule = (hasFailed: boolean): void => {
    if (stopped.signal.aborted) return;
    const ageMs = now().getTime() - knowledge.status().updatedAt.getTime();
    cancel = after(refreshDelayMs({ ageMs, hasFailed }, random()), () => {
      void refresh().then((isDone) => schedule(!isDone));
    });
  };
  schedule(false);
  return {
    close() {
      stopped.abort();
      cancel();
    },
  };
}

export interface ListSource {
  /** Address of OSV's dumps. */
  readonly url: string;
  /** Directory of packages. */
  readonly directory: string;
  readonly proxy: ProxySettings;
}

/** Fetches the list in a process of its own: reading hundreds of thousands of records takes a processor a while. */
export const fetchMaliciousList =
  ({ url, directory, proxy }: ListSource) =>
  async (signal: AbortSignal): Promise<void> => {
    await mkdir(directory, { recursive: true });
    const command = [process.execPath, '--max-old-space-size=512', COMMAND] as const;
    const { exitCode, lastOutput } = await runProcess([...command, '--url', url, '--out', maliciousFile(directory)], {
      env: environmentOf(proxy),
      cwd: directory,
      timeoutMs: REFRESH_TIMEOUT_MS,
      signal,
    });
    if (exitCode !== 0) throw new Error(lastOutput.trim().split('\n').at(-1) ?? `it ended with ${exitCode}`);
  };

/** The way out, and whom to trust on it. */
function environmentOf({ http, https, no }: ProxySettings): Record<string, string> {
  const trust = ['NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
  // oxlint-disable-next-line node/no-process-env -- these are Node's own settings, which it reads there
  const trusted = trust.map((name) => [name, process.env[name]] as const);
  const all = [['HTTP_PROXY', http], ['HTTPS_PROXY', https], ['NO_PROXY', no], ...trusted] as const;
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
