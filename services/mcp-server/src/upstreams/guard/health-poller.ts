import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { McpTool } from '@toolmesh/shared/mcp/protocol';
import type { UpstreamFailure } from './failure-facts.ts';
import { createHealth, type Health, type HealthOptions } from './health.ts';
import { nextPoll, type PollIntervals } from './poll-plan.ts';
import { createPollRequests, type PollRequest, type PollRequestOptions } from './poll-requests.ts';

export interface HealthPollerOptions extends HealthOptions, PollRequestOptions {
  readonly intervals: () => PollIntervals;
}

/** Polls an upstream, and knows by that what it offers and whether it is up. */
export interface HealthPoller {
  readonly status: UpstreamStatus;
  /** The reason why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The same, in facts. */
  readonly failure: UpstreamFailure | undefined;
  /** The last good lists. */
  readonly offer: ReadOffer;
  /** Returns one of its tools, by its own name. */
  tool(name: string): McpTool | undefined;
  /** Requests the lists now, or joins the poll that is under way. */
  poll(): Promise<void>;
  /** Checks now whether it still answers, or joins the poll that is under way. */
  check(): Promise<void>;
  /** Takes a call that was answered as a sign of life, and requests the lists if it was not up before. */
  alive(): void;
  /** Requests the lists a moment from now: a poll that is under way may have seen the state before the change. */
  pollSoon(): void;
  stop(): void;
}

/** Age of a poll that is given up when a call was answered meanwhile. */
const SUPERSEDED_MS = 2_000;
/** Changes that are announced within this time are polled together. */
const SETTLE_MS = 50;
/** The shortest time between two polls for announced changes: a server may announce without end. */
const CHANGE_MS = 1_000;

export function createHealthPoller(options: HealthPollerOptions): HealthPoller {
  const stopping = new AbortController();
  const health = createHealth(options);
  const polls = createPolls(options, health, stopping.signal);
  void polls.keepPolling();
  return {
    get status() {
      return health.status;
    },
    get lastError() {
      return health.lastError;
    },
    get failure() {
      return health.failure;
    },
    get offer() {
      return health.offer;
    },
    tool: (name) => health.tools.get(name),
    poll: polls.list,
    check: polls.check,
    alive() {
      if (health.status !== 'up') polls.listAnew();
    },
    pollSoon: polls.listSoon,
    stop: () => stopping.abort(),
  };
}

/** A poll that is under way. */
interface Poll {
  readonly done: Promise<void>;
  readonly since: number;
  giveUp(): void;
}

function createPolls(options: HealthPollerOptions, health: Health, stopping: AbortSignal) {
  const requests = createPollRequests(options, health);
  let downSince = performance.now();
  let listedAt = -Infinity;
  let current: Poll | undefined;
  let upcoming: Promise<void> | undefined;

  /** One poll at a time, however many ask for it. */
  const once = (request: PollRequest): Promise<void> => {
    if (current !== undefined) return current.done;
    const wasUp = health.status === 'up';
    const superseded = new AbortController();
    const run = async (): Promise<void> => {
      const kind = await request(AbortSignal.any([stopping, superseded.signal]));
      if (kind === 'listed') listedAt = performance.now();
      if (wasUp && health.status !== 'up') downSince = performance.now();
      current = undefined;
    };
    const done = run();
    current = { done, since: performance.now(), giveUp: () => superseded.abort() };
    return done;
  };
  const list = (): Promise<void> => once(requests.list);
  const check = (): Promise<void> => once(requests.check);

  return {
    list,
    check,
    listAnew(): void {
      // It may ask a server that is gone, and wait for long.
      if (current !== undefined && performance.now() - current.since > SUPERSEDED_MS) current.giveUp();
      void (current?.done ?? Promise.resolve()).then(() => (health.status === 'up' ? undefined : list()));
    },
    listSoon(): void {
      upcoming ??= (current?.done ?? Promise.resolve()).then(async () => {
        await sleep(Math.max(SETTLE_MS, listedAt + CHANGE_MS - performance.now()), undefined, { ref: false });
        upcoming = undefined;
        if (!stopping.aborted) await list();
      });
    },
    async keepPolling(): Promise<void> {
      await list();
      while (!stopping.aborted) {
        const state = { status: health.status, now: performance.now(), downSince, listedAt };
        const { kind, inMs } = nextPoll(state, options.intervals());
        await sleep(inMs, undefined, { signal: stopping }).catch(() => {});
        if (stopping.aborted) return;
        await (kind === 'list' || health.status !== 'up' ? list() : check());
      }
    },
  };
}
