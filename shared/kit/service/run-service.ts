import { ConfigError, EXIT_CONFIG, openSettings, type ServiceConfig } from './config.ts';
import type { ServiceDefinition } from './define-service.ts';
import { takeEnvironment } from './environment.ts';
import { releaseStartMemory } from './release-start-memory.ts';
import { type RunningService, startService, type StartOptions } from './start-service.ts';

const MIN_NODE_MAJOR = 24;

/** A service that runs in this process, however it is reached. */
export interface Running extends Pick<RunningService, 'reload' | 'failed' | 'stop'> {
  /** Resolves when there is nothing left to do, for one that does not wait for a signal. */
  readonly ended?: Promise<void>;
}

/** Starts a service. */
export type Start<Config extends ServiceConfig> = (
  service: ServiceDefinition<Config>,
  options: StartOptions,
) => Promise<Running>;

/**
 * Runs a service as this process, with its environment: stops on SIGTERM and SIGINT, reloads on SIGHUP.
 * Wrong settings print every problem and exit 78; a taken port is named and exits 1.
 */
export async function runService<Config extends ServiceConfig>(
  service: ServiceDefinition<Config>,
  start: Start<Config> = startService,
): Promise<void> {
  try {
    requireNode();
    // Secrets are in the service's memory from here on, and nowhere that another process could read them.
    const env = takeEnvironment(openSettings(service.config));
    const running = await start(service, { env });
    stopOnSignal(running);
    void running.failed.then(async (error) => {
      await running.stop().catch(() => {});
      process.stderr.write(`${service.name} cannot go on: ${explain(error)}\n`);
      process.exit(EXIT_CONFIG);
    });
    void running.ended?.then(async () => {
      await running.stop().catch(() => {});
      process.exit(0);
    });
    releaseStartMemory();
    if (running.reload !== undefined) process.on('SIGHUP', running.reload);
  } catch (error) {
    process.stderr.write(`${service.name} cannot start: ${explain(error)}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
}

function requireNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= MIN_NODE_MAJOR) return;
  throw new ConfigError(`it needs Node ${MIN_NODE_MAJOR} and this is ${process.version}; start it with "npm start"`);
}

function stopOnSignal({ stop }: Running): void {
  let isStopping = false;
  const onSignal = (reason: string) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    stop(undefined, reason).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A launcher that is gone, however it went, can no longer stop this service.
  if (process.connected) process.once('disconnect', () => onSignal('launcher gone'));
}

function explain(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `port ${String(error.port)} is taken by another program`;
  }
  if (error instanceof ConfigError) return `its settings are wrong\n${error.message}`;
  return error.stack ?? error.message;
}
