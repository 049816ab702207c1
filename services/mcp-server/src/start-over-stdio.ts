import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type ConfigError, loadConfig } from '@toolmesh/shared/kit/service/config';
import type { Start } from '@toolmesh/shared/kit/service/run-service';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { createMetrics } from '@toolmesh/shared/kit/telemetry/metrics';
import { serveStdio } from '@toolmesh/shared/mcp/server/stdio-face';
import type { HubConfig } from './config.ts';
import { reloadOnChange } from './reload.ts';
import { assemble, serveCatalogue } from './service.ts';

const STDOUT = 1;

/**
 * Starts the hub for one client, over standard input and output. It ends with its input. Nothing listens, so there are
 * no metrics and no other faces; the log goes to standard error.
 */
export const startOverStdio: Start<typeof HubConfig> = async ({ name, config: schema }, { env }) => {
  const output = createWriteStream('', { fd: STDOUT });
  keepStandardOutput();
  const config = loadConfig(schema, env);
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const logger = createLogger({ service: name, level: config.LOG_LEVEL, destination });
  const { promise: failed, resolve: fail } = Promise.withResolvers<ConfigError>();
  const parts = await assemble({ config, env, logger, metrics: createMetrics(), fail });
  const { load, mesh, conversations } = parts;
  const reload = reloadOnChange({ path: config.MESH_CONFIG, load, mesh, logger });
  const service = serveCatalogue(parts, config.MESH_TOOL_LISTING).services();
  const { MAX_BODY_BYTES: maxLineBytes, SHUTDOWN_GRACE_MS: graceMs } = config;
  const ended = serveStdio({ service, logger }, { input: process.stdin, output, maxLineBytes, graceMs });
  logger.info('serving standard input and output');
  return {
    reload: reload.soon,
    failed,
    ended,
    async stop() {
      reload.close();
      output.end();
      conversations.close();
      await Promise.all([mesh.close(), finished(output).catch(() => {})]);
    },
  };
};

/** Standard output belongs to the protocol: what anything else would print there goes to standard error. */
function keepStandardOutput(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}
