import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { createRedactor } from '@toolmesh/shared/kit/text/redact';
import type { ConnectLimits } from '@toolmesh/shared/mcp/client/http-connection';
import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import type { ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import type { CommandConfig } from '../../mesh-config/command-entry.ts';
import type { UrlConfig } from '../../mesh-config/url-entry.ts';
import { createHealthPoller, type HealthPoller } from '../guard/health-poller.ts';
import type { PollIntervals } from '../guard/poll-plan.ts';
import type { CheckOutcome } from '../guard/poll-requests.ts';
import { offered, offeredDefects } from '../offered.ts';
import type { ConnectionSource } from './connections.ts';
import { mergeOffers } from './merge-offers.ts';

export interface McpPollerOptions {
  readonly name: string;
  /** Names the upstream in errors. */
  readonly displayName: string;
  readonly config: UrlConfig | CommandConfig;
  readonly connections: ConnectionSource;
  readonly limits: ConnectLimits;
  /** Returns true while calls are under way. */
  readonly isBusy: () => boolean;
  readonly logger: Logger;
  readonly onChange: () => void;
}

/** Between signs of life. */
const CHECK_MS = 5_000;
/** Default time between two requests for the lists of a server that announces changes, and of one that does not. */
const LIST_MS = { announced: 300_000, unannounced: 60_000 };
/** A refused connection costs next to nothing, so that an upstream that has just gone is tried often. */
const DOWN_MS = 500;
/** Pages of a list that each take all the time that one may take; a poll takes no longer. */
const SLOW_PAGES = 10;

/** Polls an upstream of an MCP server. */
export function createMcpPoller(options: McpPollerOptions): HealthPoller {
  const { name, displayName, config, connections, limits, isBusy, logger, onChange } = options;
  return createHealthPoller({
    name,
    displayName,
    logger,
    redact: createRedactor(config.kind === 'url' ? config.headers : config.env),
    poll: pollLists(displayName, connections, config),
    check: (signal) => checkOver(connections, signal),
    isBusy,
    intervals: (): PollIntervals => {
      const listMs = connections.announces?.() === true ? LIST_MS.announced : LIST_MS.unannounced;
      return { checkMs: CHECK_MS, listMs: config.list_interval_ms ?? listMs, downMs: DOWN_MS };
    },
    timeoutMs: limits.handshakeMs + SLOW_PAGES * limits.listMs,
    onChange,
  });
}

/** Returns the poll of an upstream's lists, reduced to what mesh.json offers. */
function pollLists(name: string, connections: ConnectionSource, config: UrlConfig | CommandConfig) {
  let last: ReadOffer | undefined;
  let failure: MeshError | undefined;
  return async (signal: AbortSignal): Promise<ReadOffer | undefined> => {
    const read = (connection: McpConnection) => connection.listAll(signal);
    try {
      last = (await connections.look(read, signal)) ?? last;
      if (last === undefined) return undefined;
      const offer = mergeOffers(last, await connections.lookAtChanged(read));
      return { ...offer, tools: offered(offer.tools, config), defects: offeredDefects(offer.defects, config) };
    } catch (thrown) {
      const error = meshErrorOf(name, thrown);
      // While no process is ready, the one that did not start says more than the wait for another.
      const isWaiting = error.code === 'unavailable' && connections.workers?.().total === 0;
      if (!isWaiting) failure = error;
      throw failure ?? error;
    }
  };
}

/** Asks for a sign of life. Processes that run are one, without a request that would keep one of them busy. */
async function checkOver(connections: ConnectionSource, signal: AbortSignal): Promise<CheckOutcome> {
  const workers = connections.workers?.();
  if (workers !== undefined) return workers.total > 0 ? 'alive' : 'unsure';
  await connections.withConnection((connection) => connection.ping(signal), { signal, waitMs: CHECK_MS });
  return 'alive';
}
