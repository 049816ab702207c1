import { causeChain, type MeshError } from '@toolmesh/shared/kit/faults/errors';
import { HttpStatusError } from '@toolmesh/shared/kit/faults/resilience';
import { printable } from '@toolmesh/shared/kit/text/printable';
import type { Redact } from '@toolmesh/shared/kit/text/redact';
import { ProcessEnd } from '../stdio/process-end.ts';

/** The facts behind the failure of an upstream, as the log and `/stats` show them. */
export interface FailureFacts {
  readonly http_status?: number;
  readonly content_type?: string;
  /** The beginning of a body that is not MCP. */
  readonly body?: string;
  readonly exit_code?: number;
  readonly signal?: string;
  /** The last lines of standard error. */
  readonly stderr?: readonly string[];
}

/** The reason why an upstream is not up. */
export interface UpstreamFailure extends FailureFacts {
  readonly code: string;
  /** Time since when it is not up, in ISO 8601. */
  readonly since: string;
  /** Polls that have failed since then. */
  readonly attempts: number;
}

/** Lines of standard error that are shown. */
const MAX_LINES = 5;

/** Returns what is known of a failure, without secrets and control characters. */
export function factsOf(error: MeshError, redact: Redact): FailureFacts {
  const shown = (text: string): string => printable(redact(text));
  let facts: FailureFacts = {};
  for (const cause of causeChain(error)) {
    if (cause instanceof HttpStatusError) facts = { ...facts, http_status: cause.status };
    if (cause instanceof ProcessEnd) facts = { ...facts, ...factsOfEnd(cause, shown) };
    if ('contentType' in cause && typeof cause.contentType === 'string') {
      facts = { ...facts, content_type: shown(cause.contentType) };
    }
    if ('excerpt' in cause && typeof cause.excerpt === 'string') facts = { ...facts, body: shown(cause.excerpt) };
  }
  return facts;
}

function factsOfEnd({ exitCode, signal, lastLines }: ProcessEnd, shown: (text: string) => string): FailureFacts {
  return {
    ...(exitCode === null ? {} : { exit_code: exitCode }),
    ...(signal === null ? {} : { signal }),
    ...(lastLines.length === 0 ? {} : { stderr: lastLines.slice(-MAX_LINES).map(shown) }),
  };
}
