import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { NOTHING_READ } from '@toolmesh/shared/mcp/client/offer/defect';
import type { UnusableConfig } from '../mesh-config/entry-config.ts';
import type { Upstream } from './upstream.ts';

export interface UnusableUpstreamOptions {
  readonly name: string;
  readonly config: UnusableConfig;
  readonly logger: Logger;
}

/** Makes the upstream of an entry that cannot be used: it is down until the file is corrected, and says why. */
export function createUnusableUpstream({ name, config, logger }: UnusableUpstreamOptions): Upstream {
  const lastError = `its entry in mesh.json cannot be used: ${config.problems.join('; ')}`;
  logger.error({ upstream: name, problems: config.problems }, 'an entry of mesh.json cannot be used; correct it there');
  return {
    name,
    kind: config.seen,
    status: 'down',
    breaker: 'closed',
    lastError,
    offer: NOTHING_READ,
    request: () => Promise.reject(new MeshError('unavailable', `The upstream ${name} is down: ${lastError}`)),
    subscribe: () => {},
    drain: async () => {},
    close: async () => {},
  };
}
