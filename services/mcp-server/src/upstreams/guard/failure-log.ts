import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { UpstreamFailure } from './failure-facts.ts';

export interface FailureLogOptions {
  readonly name: string;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** Writes why an upstream is not up: at once, again when the reason changes, and now and then while it stays. */
export interface FailureLog {
  isUp(tools: number): void;
  isNotUp(status: UpstreamStatus, reason: string, failure: UpstreamFailure): void;
}

/** Between two lines while the reason changes: words of a server may differ each time. */
const CHANGED_MS = 10_000;
/** Between two lines of one reason. */
const SAME_MS = 600_000;

export function createFailureLog({ name, logger, now = () => performance.now() }: FailureLogOptions): FailureLog {
  let last: { readonly status: UpstreamStatus; readonly key: string; readonly at: number } | undefined;
  return {
    isUp(tools) {
      last = undefined;
      logger.info({ upstream: name, tools }, 'upstream is up');
    },
    isNotUp(status, reason, failure) {
      const key = keyOf(reason, failure);
      const at = now();
      const pauseMs = last?.key === key ? SAME_MS : CHANGED_MS;
      if (last?.status === status && at - last.at < pauseMs) return;
      last = { status, key, at };
      const { code, attempts, ...facts } = failure;
      logger.warn({ upstream: name, status, reason, code, attempts, ...facts }, 'upstream is not up');
    },
  };
}

/** Times, ports and ids in the words of a reason make no other one of it. */
const keyOf = (reason: string, { http_status, exit_code }: UpstreamFailure): string =>
  JSON.stringify([reason.replaceAll(/\d+/g, '#'), http_status, exit_code]);
