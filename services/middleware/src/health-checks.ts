import type { DependencyHealth, MiddlewareHealth } from '@toolmesh/shared/contracts/health';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { cacheFor } from './cache-for.ts';
import type { HubClient } from './hub-client.ts';
import type { Choice } from './models/choose-provider.ts';
import type { Provider } from './models/provider.ts';

/** The health checks of what the middleware depends on. */
export interface HealthChecks {
  /** @throws MeshError when the hub does not answer. */
  checkHub(): Promise<void>;
  /** @throws MeshError when the model's provider cannot be used. */
  checkModel(): Promise<void>;
  /** Returns the state of both for `/health`. Each is checked on request, at most every few seconds. */
  report(): Promise<MiddlewareHealth>;
}

export interface HealthCheckOptions {
  readonly choice: Choice;
  /** The provider of that choice. */
  readonly provider: Provider;
  readonly hub: Pick<HubClient, 'listTools'>;
  /** Returns the percentage of the sandbox's libraries that are built while they are; undefined at other times. */
  readonly libraries: () => Promise<number | undefined>;
}

/** The hub answers at once; a provider may count requests. */
const HUB_CHECK_MS = 1_000;
const MODEL_CHECK_MS = 15_000;
const PREPARING_MS = 5_000;
const TIMEOUT_MS = 1_500;

const hubIsLate = () => new MeshError('upstream_timeout', `The MCP server did not answer within ${TIMEOUT_MS} ms`);

export function createHealthChecks({ choice, provider, hub, libraries }: HealthCheckOptions): HealthChecks {
  const checkHub = async () => {
    await withDeadline({ ms: TIMEOUT_MS, late: hubIsLate }, () => hub.listTools());
  };
  const checkModel = async () => {
    const model = await provider.open(undefined);
    await model.check(AbortSignal.timeout(TIMEOUT_MS));
  };
  const hubHealth = cacheFor(HUB_CHECK_MS, () => healthOf(checkHub));
  const preparing = cacheFor(PREPARING_MS, libraries);
  const modelHealth = cacheFor(MODEL_CHECK_MS, () => healthOf(checkModel));

  return {
    checkHub,
    checkModel: async () => {
      const { status, detail } = await modelHealth();
      if (status !== 'healthy') throw new MeshError('unavailable', detail ?? 'the provider cannot be used');
    },
    async report() {
      const [mcp_server, llm, percent] = await Promise.all([hubHealth(), modelHealth(), preparing()]);
      const isHealthy = mcp_server.status === 'healthy' && llm.status === 'healthy';
      return {
        status: isHealthy ? 'healthy' : 'degraded',
        services: { mcp_server, llm: { ...llm, provider: choice.provider, reason: choice.reason } },
        ...(percent === undefined ? {} : { preparing: { data_libraries: percent } }),
      };
    },
  };
}

/** Runs a check and returns its outcome. Never rejects. */
async function healthOf(check: () => Promise<void>): Promise<DependencyHealth> {
  const last_check = new Date().toISOString();
  try {
    await check();
    return { status: 'healthy', last_check };
  } catch (error) {
    const detail = error instanceof MeshError ? error.message : 'the check itself failed';
    return { status: 'unhealthy', last_check, detail };
  }
}
