import type { DependencyHealth, MiddlewareHealth } from '@toolmesh/shared/contracts/health';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { MiddlewareConfig } from './config.ts';
import type { HubClient } from './hub-client.ts';
import { type Choice, openModel } from './models/choose-provider.ts';

export interface Dependencies {
  /** @throws MeshError when the hub does not answer. */
  checkHub(): Promise<void>;
  /** @throws MeshError when the model's provider cannot be used. */
  checkModel(): Promise<void>;
  /** What `/health` tells of both: each looked at when it was last asked for, at most every few seconds. */
  report(): Promise<MiddlewareHealth>;
}

/** A hub answers in no time; a provider may count what it is asked. */
const HUB_LOOK_MS = 1_000;
const MODEL_LOOK_MS = 15_000;
const TIMEOUT_MS = 1_500;

const hubIsLate = () => new MeshError('upstream_timeout', `The MCP server did not answer within ${TIMEOUT_MS} ms`);

/** Watches what the middleware depends on. */
export function createDependencies(config: MiddlewareConfig, choice: Choice, hub: HubClient): Dependencies {
  const checkHub = async () => {
    await withDeadline({ ms: TIMEOUT_MS, late: hubIsLate }, () => hub.listTools());
  };
  const checkModel = async () => {
    const model = await openModel(config, choice.provider);
    await model.check(AbortSignal.timeout(TIMEOUT_MS));
  };
  const lookAtHub = atMostEvery(HUB_LOOK_MS, () => look(checkHub));
  const lookAtModel = atMostEvery(MODEL_LOOK_MS, () => look(checkModel));

  return {
    checkHub,
    checkModel: async () => {
      const { status, detail } = await lookAtModel();
      if (status !== 'healthy') throw new MeshError('unavailable', detail ?? 'the provider cannot be used');
    },
    async report() {
      const [mcp_server, llm] = await Promise.all([lookAtHub(), lookAtModel()]);
      const isWell = mcp_server.status === 'healthy' && llm.status === 'healthy';
      return {
        status: isWell ? 'healthy' : 'degraded',
        services: { mcp_server, llm: { ...llm, provider: choice.provider, reason: choice.reason } },
      };
    },
  };
}

async function look(check: () => Promise<void>): Promise<DependencyHealth> {
  const last_check = new Date().toISOString();
  try {
    await check();
    return { status: 'healthy', last_check };
  } catch (error) {
    const detail = error instanceof MeshError ? error.message : 'the check itself failed';
    return { status: 'unhealthy', last_check, detail };
  }
}

function atMostEvery<T>(ms: number, task: () => Promise<T>): () => Promise<T> {
  let latest: { readonly result: Promise<T>; readonly until: number } | undefined;
  return () => {
    if (latest === undefined || performance.now() > latest.until) {
      latest = { result: task(), until: performance.now() + ms };
    }
    return latest.result;
  };
}
