import type { ServiceConfig } from '../kit/service/config.ts';
import type { ServiceDefinition } from '../kit/service/define-service.ts';
import { startService } from '../kit/service/start-service.ts';
import { TEST_ENV } from './test-env.ts';
import type { TestedService } from './tested-service.ts';

/** A service in this process. */
export interface ServiceInProcess extends TestedService {
  /** Does what SIGHUP does to a process of its own. */
  reload(): void;
}

/**
 * Builds and serves `service` in this process, with the settings in `env` and nothing of this process's environment.
 * Cheaper by a second than a process of its own, which only tests of signals, exit codes, kills and isolation need.
 * @throws ConfigError when it cannot be built with these settings.
 */
export async function serveInProcess<Config extends ServiceConfig>(
  service: ServiceDefinition<Config>,
  env: Record<string, string> = {},
): Promise<ServiceInProcess> {
  const log: Record<string, unknown>[] = [];
  const { url, port, stop, reload } = await startService(service, {
    env: { ...TEST_ENV, ...env },
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  });
  return { url, port, log, stop: (graceMs) => stop(graceMs), reload: () => reload?.() };
}
