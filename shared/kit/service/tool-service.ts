import type { z } from 'zod';
import { lazyHandler } from '../http/lazy-handler.ts';
import type { Checks } from '../http/readiness.ts';
import { type CatalogueTool, createToolCatalogue } from '../tools/tool-catalogue.ts';
import { toolRoutes } from '../tools/tool-routes.ts';
import type { ServiceConfig } from './config.ts';
import { defineService, type Kit, type ServiceDefinition } from './define-service.ts';

export interface ToolService<Config extends ServiceConfig> {
  readonly name: string;
  /** Its settings: `serviceConfig(port, {...})`. */
  readonly config: Config;
  /** Makes its tools, and what `/ready` checks. */
  readonly build: (kit: Kit<z.output<Config>>) => ToolParts;
}

export interface ToolParts {
  readonly tools: readonly CatalogueTool[];
  readonly checks?: Checks;
}

/**
 * Makes a service of tools: served over REST and MCP, documented, measured.
 * @example
 * export const dice = defineToolService({
 *   name: 'dice',
 *   config: serviceConfig(8005, {}),
 *   build: () => ({ tools: [rollDice()] }),
 * });
 */
export function defineToolService<Config extends ServiceConfig>({
  name,
  config,
  build,
}: ToolService<Config>): ServiceDefinition<Config> {
  return defineService({ name, config, build: (kit) => toolServiceParts(name, build(kit), kit) });
}

/** Returns the parts that make a service a tool service, for services that have more than tools. */
export function toolServiceParts(
  name: string,
  { tools, checks = {} }: ToolParts,
  { config, logger, metrics }: Pick<Kit<{ MAX_BODY_BYTES: number }>, 'config' | 'logger' | 'metrics'>,
) {
  const catalogue = createToolCatalogue(tools, metrics);
  const face = lazyHandler(async () => {
    const [{ createMcpFace }, { toolsService }] = await Promise.all([
      import('../../mcp/server/http/mcp-face.ts'),
      import('../../mcp/server/tools-service.ts'),
    ]);
    const maxBodyBytes = config.MAX_BODY_BYTES;
    return createMcpFace({ service: toolsService(catalogue, name), logger, maxBodyBytes, hasSessions: false }).handler;
  });
  return {
    catalogue,
    routes: toolRoutes(catalogue),
    rawRoutes: { '/mcp': face },
    tools: () => catalogue.list(),
    checks,
  };
}
