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
  /** The code of an error of the network, such as ECONNREFUSED. */
  readonly network_code?: string;
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
    if ('excerpt' in cause && typeof cause.excerpt === 'string' && cause.excerpt.trim() !== '') {
      facts = { ...facts, body: shown(cause.excerpt) };
    }
    if ('code' in cause && typeof cause.code === 'string' && NETWORK_CODE.test(cause.code)) {
      facts = { ...facts, network_code: cause.code };
    }
  }
  return facts;
}

/** The codes of Node, undici and OpenSSL. Those of our own errors are in lower case. */
const NETWORK_CODE = /^[A-Z][A-Z0-9_]{2,63}$/;

/** Returns what an operator can do about a failed poll, beyond what its words say. */
export function cureOf({ http_status: status, network_code }: FailureFacts, words: string): string | undefined {
  if (status === 404 || status === 405) return 'nothing is served there: correct its address in mesh.json';
  if (network_code === 'ECONNREFUSED') {
    return 'nothing listens at its address: start it, or correct its address in mesh.json';
  }
  const isUnauthorized = (status === 401 || status === 403) && !words.includes('"headers"');
  return isUnauthorized ? 'it wants credentials: set "headers" of its entry in mesh.json' : undefined;
}

function factsOfEnd({ exitCode, signal, lastLines }: ProcessEnd, shown: (text: string) => string): FailureFacts {
  return {
    ...(exitCode === null ? {} : { exit_code: exitCode }),
    ...(signal === null ? {} : { signal }),
    ...(lastLines.length === 0 ? {} : { stderr: lastLines.slice(-MAX_LINES).map(shown) }),
  };
}
