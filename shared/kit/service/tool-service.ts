import type { z } from 'zod';
import type { ServiceConfig } from './config.ts';
import { mcpFace } from '../../mcp/face.ts';
import type { Checks } from '../http/readiness.ts';
import { type Kit, runService } from './service.ts';
import type { ToolDefinition } from '../tools/tool.ts';
import { createToolCatalogue } from '../tools/tool-catalogue.ts';
import { toolRoutes } from '../tools/tool-routes.ts';

export interface ToolService<Config extends ServiceConfig> {
  readonly name: string;
  /** Its settings: `serviceConfig(port, {...})`. */
  readonly config: Config;
  /** Makes its tools, and what `/ready` looks at. */
  readonly build: (kit: Kit<z.output<Config>>) => ToolParts;
}

export interface ToolParts {
  readonly tools: readonly ToolDefinition[];
  readonly checks?: Checks;
}

/** A whole tool service: its tools over REST and MCP, documented, measured, stopped gracefully. */
export function runToolService<Config extends ServiceConfig>({
  name,
  config,
  build,
}: ToolService<Config>): Promise<void> {
  return runService({ name, config, build: (kit) => toolServiceParts(name, build(kit), kit) });
}

/** What makes a service a tool service; for those that have more than tools. */
export function toolServiceParts(
  name: string,
  { tools, checks = {} }: ToolParts,
  { config, logger, metrics }: Kit<{ MAX_BODY_BYTES: number }>,
) {
  const catalogue = createToolCatalogue(tools, metrics);
  return {
    catalogue,
    routes: toolRoutes(catalogue),
    rawRoutes: { '/mcp': mcpFace(catalogue, { name, logger, maxBodyBytes: config.MAX_BODY_BYTES }) },
    tools: () => catalogue.list(),
    checks,
  };
}
