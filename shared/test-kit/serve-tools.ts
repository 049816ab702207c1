import { type AppOptions, createApp } from '../kit/http/app.ts';
import { listen, type ListenOptions } from '../kit/http/listen.ts';
import { loadConfig, serviceConfig } from '../kit/service/config.ts';
import { toolServiceParts } from '../kit/service/tool-service.ts';
import { createLogger } from '../kit/telemetry/logger.ts';
import { createMetrics } from '../kit/telemetry/metrics.ts';
import type { CatalogueTool } from '../kit/tools/tool-catalogue.ts';

/**
 * Serves `tools` in this process, as a whole service, on a free port unless `where` names one; `lines` are its log.
 */
export async function serveTools(
  tools: readonly CatalogueTool[],
  env: Record<string, string> = {},
  { checks = {}, ...where }: Partial<ListenOptions> & Pick<AppOptions, 'checks'> = {},
) {
  const lines: string[] = [];
  const config = loadConfig(serviceConfig(0, {}), env);
  const logger = createLogger({
    service: 'test',
    level: env['LOG_LEVEL'] ?? 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  const metrics = createMetrics();
  const parts = toolServiceParts('test', { tools }, { config, logger, metrics });
  const app = createApp({ ...parts, checks, service: 'test', config, logger, metrics });
  return { ...(await listen(app, { port: 0, logger, ...where })), lines };
}
