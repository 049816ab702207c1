import type { z } from 'zod';
import type { Access } from '../http/access.ts';
import type { AppOptions } from '../http/app.ts';
import type { RunningServer } from '../http/listen.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Recorder } from '../telemetry/span.ts';
import type { ConfigError, ServiceConfig } from './config.ts';

/** Parts that the kit hands to a service's `build`. */
export interface Kit<Config> {
  readonly config: Config;
  /** The whole environment, for a service that hands parts of it on: settings of its own are in `config`. */
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Decides who may call; requests over HTTP are checked by the kit. */
  readonly access: Access;
  /** Records spans, where tracing is on; requests over HTTP are given it by the kit. */
  readonly tracing: Recorder | undefined;
  /** Stops the service: something that it found out after the start says that its settings are wrong. */
  readonly fail: (error: ConfigError) => void;
}

/** The parts of a service, besides those that every service has. */
export interface ServiceParts extends Partial<
  Omit<AppOptions, 'service' | 'config' | 'logger' | 'metrics' | 'access' | 'tracing'>
> {
  /** Called once the port is open. */
  readonly started?: (server: RunningServer) => void;
  /** Reads again what can change while the service runs; called on SIGHUP. */
  readonly reload?: () => void;
  /** Called when the stop begins, for open connections that are no requests (WebSockets), and awaited. */
  readonly stopping?: (graceMs: number) => Promise<void>;
  /** Called after the last request has ended. */
  readonly close?: () => Promise<void> | void;
}

/** A service as a value: importing it starts nothing. */
export interface ServiceDefinition<Config extends ServiceConfig> {
  readonly name: string;
  /** Its settings: `serviceConfig(port, {...})`. */
  readonly config: Config;
  /** Builds the parts. @throws ConfigError when the settings cannot work together. */
  readonly build: (kit: Kit<z.output<Config>>) => Promise<ServiceParts> | ServiceParts;
}

/**
 * Types a service definition.
 * @example
 * export const dice = defineService({ name: 'dice', config: serviceConfig(8005, {}), build: () => ({ routes }) });
 */
export const defineService = <Config extends ServiceConfig>(
  service: ServiceDefinition<Config>,
): ServiceDefinition<Config> => service;
