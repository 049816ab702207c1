import { setTimeout as sleep } from 'node:timers/promises';
import type { Tool as McpTool } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import { NOTHING, type Offer } from '../upstream.ts';

export interface PresenceOptions {
  readonly name: string;
  readonly logger: Logger;
  /** Asks the upstream what it offers; undefined where that cannot be told now although it is well. */
  readonly look: (signal: AbortSignal) => Promise<Offer | undefined>;
  /** Called when what it offers or its status has changed. */
  readonly onChange: () => void;
  /** How often it is looked at while it is up, and while it is away, in milliseconds. */
  readonly refreshMs: number;
  readonly retryMs: number;
  /** How long a look may take. */
  readonly lookTimeoutMs: number;
}

/** Whether an upstream is there, and what it offers: found out by looking again and again. */
export interface Presence {
  readonly status: UpstreamStatus;
  /** Why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The last good list. */
  readonly offer: Offer;
  /** One of its tools, by the name that it gives it. */
  tool(name: string): McpTool | undefined;
  /** Looks now, or waits for the look that is under way. */
  refresh(): Promise<void>;
  /** Looks a moment from now: a look that is under way may have seen what was before. */
  refreshSoon(): void;
  stop(): void;
}

/** Looks that may fail before what was `stale` counts as `down`. */
const STALE_LOOKS = 2;
/** Changes that are told of within this time are looked at together. */
const SETTLE_MS = 50;

export function createPresence(options: PresenceOptions): Presence {
  const { name, logger, look, onChange, refreshMs, retryMs, lookTimeoutMs } = options;
  const stopping = new AbortController();
  let offer = NOTHING;
  let tools: ReadonlyMap<string, McpTool> = new Map();
  let status: UpstreamStatus = 'down';
  let lastError: string | undefined;
  let failures = 0;
  let looking: Promise<void> | undefined;

  const setStatus = (next: UpstreamStatus, error?: MeshError): void => {
    lastError = error?.message;
    if (next === status) return;
    if (next === 'up') logger.info({ upstream: name, tools: offer.tools.length }, 'upstream is up');
    else logger.warn({ upstream: name, status: next, reason: lastError, err: error?.cause }, 'upstream is not up');
    status = next;
    onChange();
  };

  const lookOnce = async (): Promise<void> => {
    try {
      const seen = await look(AbortSignal.any([stopping.signal, AbortSignal.timeout(lookTimeoutMs)]));
      if (seen === undefined || stopping.signal.aborted) return;
      const hasChanged = JSON.stringify(seen) !== JSON.stringify(offer);
      if (hasChanged) {
        offer = seen;
        tools = new Map(seen.tools.map((tool) => [tool.name, tool]));
      }
      failures = 0;
      setStatus('up');
      if (hasChanged) onChange();
    } catch (error) {
      if (stopping.signal.aborted) return;
      failures += 1;
      setStatus(failures <= STALE_LOOKS && offer !== NOTHING ? 'stale' : 'down', MeshError.from(error));
    }
  };

  /** One look at a time, however many ask for it. */
  const refresh = (): Promise<void> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  let soon: Promise<void> | undefined;
  const refreshSoon = (): void => {
    soon ??= (looking ?? Promise.resolve()).then(async () => {
      await sleep(SETTLE_MS, undefined, { ref: false });
      soon = undefined;
      if (!stopping.signal.aborted) await refresh();
    });
  };

  const keepLooking = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await refresh();
      await sleep(status === 'up' ? refreshMs : retryMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  void keepLooking();

  return {
    get status() {
      return status;
    },
    get lastError() {
      return lastError;
    },
    get offer() {
      return offer;
    },
    tool: (wanted) => tools.get(wanted),
    refresh,
    refreshSoon,
    stop: () => stopping.abort(),
  };
}
