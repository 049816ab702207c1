import { createAccess } from '../http/access.ts';
import { createApp } from '../http/app.ts';
import { connectionLimits } from '../http/connection-limits.ts';
import { listen } from '../http/listen.ts';
import { createLogger, type LoggerOptions } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { type ConfigError, loadConfig, type ServiceConfig } from './config.ts';
import type { ServiceDefinition } from './define-service.ts';

export interface StartOptions {
  /** The environment that its settings are read from. */
  readonly env: NodeJS.ProcessEnv;
  /** Destination of its log lines. Default: standard output. */
  readonly destination?: LoggerOptions['destination'];
  /** Overrides the setting PORT. */
  readonly port?: number;
}

/** A service that listens in this process. */
export interface RunningService {
  readonly url: string;
  readonly port: number;
  /** Absent where nothing can be read again. */
  readonly reload?: () => void;
  /** Resolves if the service finds out after its start that its settings are wrong; it stops then. */
  readonly failed: Promise<ConfigError>;
  /**
   * Stops gracefully: running requests have `graceMs` to end, by default SHUTDOWN_GRACE_MS. `reason` is logged.
   * Further calls wait for the first.
   */
  stop(graceMs?: number, reason?: string): Promise<void>;
}

/**
 * Builds `service` and serves it from this process, beside any others. Installs no signal handlers, reads no global
 * settings and never ends the process: see {@link runService}.
 * @throws ConfigError that lists every wrong setting; an error with `code: 'EADDRINUSE'` when the port is taken.
 */
export async function startService<Config extends ServiceConfig>(
  { name, config: schema, build }: ServiceDefinition<Config>,
  { env, destination, port }: StartOptions,
): Promise<RunningService> {
  const config = loadConfig(schema, env);
  const logger = createLogger({ service: name, level: config.LOG_LEVEL, destination });
  const metrics = createMetrics();
  const access = createAccess(config, { logger, failures: metrics.http.authFailures });
  const tracing = await startTracing({
    service: name,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    onLoss: () => logger.warn('spans could not be sent: nothing useful answers at OTEL_EXPORTER_OTLP_ENDPOINT'),
  });
  const { promise: failed, resolve: fail } = Promise.withResolvers<ConfigError>();
  const kit = { config, env, logger, metrics, access, tracing, fail };
  const { started, reload, stopping, close, ...parts } = await build(kit);
  const app = createApp({ routes: [], ...parts, service: name, config, logger, metrics, access, tracing });
  const release = async () => {
    await close?.();
    await tracing?.stop();
  };
  const where = { port: port ?? config.PORT, host: config.HOST };
  const limits = connectionLimits(config.MAX_CONNECTIONS);
  const server = await listen(app, { ...where, limits, logger }).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  logger.info({ url: server.url }, 'listening');
  started?.(server);

  const stop = async (graceMs: number, reason: string) => {
    logger.info({ reason, active: app.traffic.active }, 'stopping');
    await Promise.all([server.stop(graceMs), stopping?.(graceMs)]);
    await release();
    logger.info('stopped');
  };
  let stopped: Promise<void> | undefined;
  const stopOnce = (graceMs = config.SHUTDOWN_GRACE_MS, reason = 'stopped by its host') =>
    (stopped ??= stop(graceMs, reason));
  void failed.then(({ message }) => {
    logger.fatal({ problem: message }, 'its settings are wrong');
    return stopOnce(undefined, 'wrong settings');
  });
  return {
    url: server.url,
    port: server.port,
    ...(reload === undefined ? {} : { reload }),
    failed,
    stop: stopOnce,
  };
}
