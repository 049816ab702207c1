import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { McpTool } from '@toolmesh/shared/mcp/protocol';
import { createHealth } from './health.ts';

/** Intervals of a poller, in milliseconds. */
export interface PollTimes {
  /** Between polls while the upstream is up. */
  readonly upMs: number;
  /** Between polls while it is not. */
  readonly downMs: number;
  /** For one poll. */
  readonly timeoutMs: number;
}

export interface HealthPollerOptions extends PollTimes {
  readonly name: string;
  readonly logger: Logger;
  /** Requests the lists. Returns undefined if the upstream is healthy but too busy to answer. */
  readonly poll: (signal: AbortSignal) => Promise<ReadOffer | undefined>;
  /** Called when the lists or the status have changed. */
  readonly onChange: () => void;
}

/** Polls an upstream for its lists, and knows by that whether it is up. */
export interface HealthPoller {
  readonly status: UpstreamStatus;
  /** The reason why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The last good lists. */
  readonly offer: ReadOffer;
  /** Returns one of its tools, by its own name. */
  tool(name: string): McpTool | undefined;
  /** Polls now, or joins the poll that is under way. */
  poll(): Promise<void>;
  /** Polls a moment from now: a poll that is under way may have seen the state before the change. */
  pollSoon(): void;
  stop(): void;
}

/** Changes that are announced within this time are polled together. */
const SETTLE_MS = 50;

export function createHealthPoller(options: HealthPollerOptions): HealthPoller {
  const stopping = new AbortController();
  const health = createHealth(options);
  const { poll, upMs, downMs, timeoutMs } = options;
  let polling: Promise<void> | undefined;
  let upcoming: Promise<void> | undefined;

  const pollOnce = async (): Promise<void> => {
    try {
      const offer = await poll(AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]));
      if (offer !== undefined && !stopping.signal.aborted) health.succeeded(offer);
    } catch (error) {
      if (!stopping.signal.aborted) health.failed(MeshError.from(error));
    }
  };
  /** One poll at a time, however many ask for it. */
  const pollNow = (): Promise<void> => {
    polling ??= pollOnce().finally(() => {
      polling = undefined;
    });
    return polling;
  };
  const keepPolling = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pollNow();
      const pauseMs = health.status === 'up' ? upMs : downMs;
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  void keepPolling();

  return {
    get status() {
      return health.status;
    },
    get lastError() {
      return health.lastError;
    },
    get offer() {
      return health.offer;
    },
    tool: (name) => health.tools.get(name),
    poll: pollNow,
    pollSoon() {
      upcoming ??= (polling ?? Promise.resolve()).then(async () => {
        await sleep(SETTLE_MS, undefined, { ref: false });
        upcoming = undefined;
        if (!stopping.signal.aborted) await pollNow();
      });
    },
    stop: () => stopping.abort(),
  };
}
