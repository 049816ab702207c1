import type { CallGuard } from './guard/call-guard.ts';
import type { HealthPoller } from './guard/health-poller.ts';
import type { Upstream } from './upstream.ts';

/** The parts of an upstream; `release` closes its connections. */
export interface UpstreamParts extends Pick<
  Upstream,
  'name' | 'kind' | 'request' | 'subscribe' | 'workers' | 'starting' | 'isolation'
> {
  readonly poller: HealthPoller;
  readonly guard: CallGuard;
  readonly release: () => Promise<void>;
}

/** Returns the upstream that these parts make: its figures are those of the poller and the guard. */
export function assembleUpstream({ poller, guard, release, ...parts }: UpstreamParts): Upstream {
  const close = async (): Promise<void> => {
    poller.stop();
    await release();
  };
  return {
    ...parts,
    get status() {
      return poller.status;
    },
    get lastError() {
      return (poller.status === 'up' ? undefined : parts.starting?.()) ?? poller.lastError;
    },
    get failure() {
      return poller.failure;
    },
    get offer() {
      return poller.offer;
    },
    get breaker() {
      return guard.breaker;
    },
    async drain(graceMs) {
      poller.stop();
      await guard.drained(graceMs);
      await close();
    },
    close,
  };
}
