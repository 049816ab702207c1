import type { z } from 'zod';
import { ConfigError, EXIT_CONFIG, loadConfig, type ServiceConfig } from './config.ts';
import { type AppOptions, createApp } from '../http/app.ts';
import { listen, type RunningServer } from '../http/listen.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { startTracing } from '../telemetry/tracing.ts';

/** What every service is given to build itself with. */
export interface Kit<Config> {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What a service consists of, besides what all of them have. */
export interface ServiceParts extends Partial<Omit<AppOptions, 'service' | 'config' | 'logger' | 'metrics'>> {
  /** Called once the port is open. */
  readonly started?: (server: RunningServer) => void;
  /** Called when the stop begins, for what is open and no request: WebSockets. Its end is waited for. */
  readonly stopping?: (graceMs: number) => Promise<void>;
  /** Called after the last request has ended. */
  readonly close?: () => Promise<void> | void;
}

export interface ServiceDefinition<Config extends ServiceConfig> {
  readonly name: string;
  readonly config: Config;
  readonly build: (kit: Kit<z.output<Config>>) => Promise<ServiceParts> | ServiceParts;
}

const MIN_NODE_MAJOR = 24;

/**
 * The whole life of a service: read the settings, build, listen, stop on SIGTERM or SIGINT.
 * Wrong settings print every problem and exit 78; a taken port is named and exits 1.
 */
export async function runService<Config extends ServiceConfig>(service: ServiceDefinition<Config>): Promise<void> {
  try {
    await startService(service);
  } catch (error) {
    process.stderr.write(`${service.name} cannot start: ${explain(error)}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
}

async function startService<Config extends ServiceConfig>({ name, config: schema, build }: ServiceDefinition<Config>) {
  if (Number.parseInt(process.versions.node, 10) < MIN_NODE_MAJOR) {
    throw new ConfigError(`it needs Node ${MIN_NODE_MAJOR} and this is ${process.version}; start it with "npm start"`);
  }
  const config = loadConfig(schema);
  const logger = createLogger({ service: name, level: config.LOG_LEVEL });
  const metrics = createMetrics();
  const stopTracing = await startTracing({
    service: name,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    onLoss: () => logger.warn('spans could not be sent: nothing useful answers at OTEL_EXPORTER_OTLP_ENDPOINT'),
  });
  const { started, stopping, close, ...parts } = await build({ config, logger, metrics });
  const app = createApp({ routes: [], ...parts, service: name, config, logger, metrics });
  const server = await listen(app, config.PORT, config.HOST);
  logger.info({ url: server.url }, 'listening');
  started?.(server);
  stopOnSignal(async (reason) => {
    logger.info({ reason, active: app.traffic.active }, 'stopping');
    await Promise.all([server.stop(config.SHUTDOWN_GRACE_MS), stopping?.(config.SHUTDOWN_GRACE_MS)]);
    await close?.();
    await stopTracing();
    logger.info('stopped');
  });
}

function stopOnSignal(stop: (reason: string) => Promise<void>): void {
  let stopping = false;
  const onSignal = (reason: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    stop(reason).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // Started by the launcher: when that is gone, however it went, nobody is left to stop us.
  if (process.connected) process.once('disconnect', () => onSignal('launcher gone'));
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `port ${String(error.port)} is taken by another program`;
  }
  if (error instanceof ConfigError) return `its settings are wrong\n${error.message}`;
  return error.stack ?? error.message;
}
