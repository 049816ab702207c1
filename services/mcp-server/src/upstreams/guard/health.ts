import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { printable } from '@toolmesh/shared/kit/text/printable';
import type { Redact } from '@toolmesh/shared/kit/text/redact';
import { type Defect, LIST_NAMES, NOTHING_READ, type ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { McpTool } from '@toolmesh/shared/mcp/protocol';
import { createFailureLog } from './failure-log.ts';
import { cureOf, factsOf, type UpstreamFailure } from './failure-facts.ts';

export interface HealthOptions {
  readonly name: string;
  readonly logger: Logger;
  /** Takes the secrets of its entry out of what is shown. */
  readonly redact: Redact;
  /** Called when the lists or the status have changed. */
  readonly onChange: () => void;
}

/** The status of an upstream and its last good lists, by the polls so far. */
export interface Health {
  readonly offer: ReadOffer;
  /** Those of the offer, by name. */
  readonly tools: ReadonlyMap<string, McpTool>;
  readonly status: UpstreamStatus;
  /** The reason why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The same, in facts. */
  readonly failure: UpstreamFailure | undefined;
  /** Takes its lists. Undefined: it is well, and they are as they were. */
  succeeded(offer?: ReadOffer): void;
  failed(error: MeshError): void;
  /** Says that a poll takes long, while there is nothing worse to say. */
  waiting(reason: string): void;
}

/** Failed polls in a row before `stale` becomes `down`. */
const STALE_POLLS = 2;
/** Longest words of an error that are shown. */
const MAX_ERROR_CHARS = 1_000;

export function createHealth({ name, logger, redact, onChange }: HealthOptions): Health {
  const log = createFailureLog({ name, logger });
  let offer = NOTHING_READ;
  let tools: ReadonlyMap<string, McpTool> = new Map();
  let status: UpstreamStatus = 'down';
  let lastError: string | undefined;
  let failure: UpstreamFailure | undefined;
  const setStatus = (next: UpstreamStatus): void => {
    if (next === status) return;
    if (next === 'up') log.isUp(offer.tools.length);
    status = next;
    onChange();
  };
  return {
    get offer() {
      return offer;
    },
    get tools() {
      return tools;
    },
    get status() {
      return status;
    },
    get lastError() {
      return lastError;
    },
    get failure() {
      return failure;
    },
    succeeded(received = offer) {
      const next = withLastGood(received, offer);
      const hasChanged = next !== offer && JSON.stringify(next) !== JSON.stringify(offer);
      if (hasChanged) {
        logDefects({ name, logger }, offer.defects, next.defects);
        offer = next;
        // Of two tools with one name the first is offered.
        tools = new Map(offer.tools.toReversed().map((tool) => [tool.name, tool]));
      }
      lastError = undefined;
      failure = undefined;
      setStatus('up');
      if (hasChanged) onChange();
    },
    failed(error) {
      const { since = new Date().toISOString(), attempts = 0 } = failure ?? {};
      const facts = factsOf(error, redact);
      const cure = cureOf(facts, error.message);
      const reason = cure === undefined ? error.message : `${error.message}; ${cure}`;
      failure = { code: error.code, since, attempts: attempts + 1, ...facts };
      lastError = printable(redact(reason), MAX_ERROR_CHARS);
      const next = failure.attempts <= STALE_POLLS && offer !== NOTHING_READ ? 'stale' : 'down';
      log.isNotUp(next, lastError, failure);
      setStatus(next);
    },
    waiting(reason) {
      if (status === 'up' || failure !== undefined) return;
      lastError = reason;
      logger.warn({ upstream: name, reason }, 'upstream has not answered yet');
    },
  };
}

/** Returns `offer`; for each list that could not be read with the items that it had before. */
function withLastGood(offer: ReadOffer, before: ReadOffer): ReadOffer {
  const { failed } = offer;
  if (failed === undefined) return offer;
  const kept = LIST_NAMES.filter((list) => failed.has(list) && before[list].length > 0);
  return { ...offer, ...Object.fromEntries(kept.map((list) => [list, before[list]])) };
}

/** Defects that a log line lists: a server may have thousands. */
const MAX_LOGGED = 10;

function logDefects(
  { name, logger }: Pick<HealthOptions, 'name' | 'logger'>,
  before: readonly Defect[],
  defects: readonly Defect[],
): void {
  const known = new Set(before.map(describeDefect));
  const fresh = defects.filter((defect) => !known.has(describeDefect(defect)));
  if (fresh.length === 0) return;
  const problems = fresh.slice(0, MAX_LOGGED).map(describeDefect);
  const leftOut = fresh.filter(({ action }) => action === 'left_out').length;
  const counts = { mended: fresh.filter(({ action }) => action === 'mended').length, left_out: leftOut };
  logger.warn({ upstream: name, ...counts, problems }, 'parts of what the upstream offers are mended or left out');
}

/** Returns a defect in words for an operator. */
export function describeDefect({ kind, name, reason, action }: Defect): string {
  const subject = kind === 'list' ? name : `the ${kind} ${JSON.stringify(name.slice(0, 128))}`;
  return `${subject} is ${action.replace('_', ' ')}: ${reason}`;
}
