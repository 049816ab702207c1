import { MeshError } from '@toolmesh/shared/errors';
import type { Logger } from '@toolmesh/shared/logger';
import type { Tool, ToolCatalogue } from '@toolmesh/shared/tool';
import { unknownTool } from '@toolmesh/shared/tool-catalogue';
import type { HubMetrics } from './metrics.ts';
import type { Upstream } from './upstreams/upstream.ts';

export interface HubCatalogue extends ToolCatalogue {
  /** Brings the list up to date with what the upstreams offer now. */
  rebuild(): void;
  /** Names that two upstreams offer, each with both owners. */
  conflicts(): readonly string[];
}

/** Longest name that every model provider takes. */
const MAX_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The tools of all upstreams as one: listed from the last good look, so that a dead upstream delays nobody. */
export function createHubCatalogue(upstreams: readonly Upstream[], metrics: HubMetrics, logger: Logger): HubCatalogue {
  let owners = new Map<string, Upstream>();
  let tools: readonly Tool[] = [];
  let conflicts: readonly string[] = [];

  const rebuild = (): void => {
    const nextOwners = new Map<string, Upstream>();
    const nextTools: Tool[] = [];
    const problems: string[] = [];
    for (const upstream of upstreams) {
      for (const tool of upstream.tools) {
        const owner = nextOwners.get(tool.name);
        if (owner !== undefined) problems.push(`"${tool.name}" is offered by ${owner.name} and by ${upstream.name}`);
        else if (!MAX_NAME.test(tool.name)) problems.push(`"${tool.name}" of ${upstream.name} is no valid name`);
        else {
          nextOwners.set(tool.name, upstream);
          nextTools.push({ ...tool, server: upstream.name, status: upstream.status });
        }
      }
    }
    for (const problem of problems) {
      if (!conflicts.includes(problem)) logger.error({ problem }, 'a tool is left out; set a prefix in mesh.json');
    }
    conflicts = problems;
    owners = nextOwners;
    tools = nextTools;
  };

  return {
    rebuild,
    conflicts: () => conflicts,
    list: () => tools,
    async call(name, args, context) {
      const upstream = owners.get(name);
      if (upstream === undefined) throw unknownTool(name, owners.keys());
      const record = metrics.startCall(name);
      try {
        const result = await upstream.call(name, args, context);
        record(result.is_error ? 'error' : 'success');
        return result;
      } catch (error) {
        record('failed');
        throw explain(error, name, upstream);
      }
    },
  };
}

/** Says which tool it was: the one who asked may have asked for several. */
function explain(error: unknown, name: string, upstream: Upstream): unknown {
  if (!(error instanceof MeshError) || error.status < 500) return error;
  const { code, details, retryAfterSeconds } = error;
  return new MeshError(code, `${name} could not be called: ${error.message}`, {
    cause: error,
    details: details ?? { upstream: upstream.name },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
