import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { type Defect, LIST_NAMES, NOTHING_READ, type ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { McpTool } from '@toolmesh/shared/mcp/protocol';

export interface HealthOptions {
  readonly name: string;
  readonly logger: Logger;
  /** Called when the lists or the status have changed. */
  readonly onChange: () => void;
}

/** The status of an upstream and its last good lists, by the polls so far. */
export interface Health {
  readonly offer: ReadOffer;
  /** Those of the offer, by name. */
  readonly tools: ReadonlyMap<string, McpTool>;
  readonly status: UpstreamStatus;
  readonly lastError: string | undefined;
  succeeded(offer: ReadOffer): void;
  failed(error: MeshError): void;
}

/** Failed polls in a row before `stale` becomes `down`. */
const STALE_POLLS = 2;

export function createHealth({ name, logger, onChange }: HealthOptions): Health {
  let failures = 0;
  let offer = NOTHING_READ;
  let tools: ReadonlyMap<string, McpTool> = new Map();
  let status: UpstreamStatus = 'down';
  let lastError: string | undefined;
  const setStatus = (next: UpstreamStatus, error?: MeshError): void => {
    lastError = error?.message;
    if (next === status) return;
    if (next === 'up') logger.info({ upstream: name, tools: offer.tools.length }, 'upstream is up');
    else logger.warn({ upstream: name, status: next, reason: lastError, err: error?.cause }, 'upstream is not up');
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
    succeeded(received) {
      const next = withLastGood(received, offer);
      const hasChanged = next !== offer && JSON.stringify(next) !== JSON.stringify(offer);
      if (hasChanged) {
        logDefects({ name, logger }, offer.defects, next.defects);
        offer = next;
        // Of two tools with one name the first is offered.
        tools = new Map(offer.tools.toReversed().map((tool) => [tool.name, tool]));
      }
      failures = 0;
      setStatus('up');
      if (hasChanged) onChange();
    },
    failed(error) {
      failures += 1;
      setStatus(failures <= STALE_POLLS && offer !== NOTHING_READ ? 'stale' : 'down', error);
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
  logger.warn({ upstream: name, ...counts, problems }, 'parts of what the upstream offers are not as MCP has them');
}

/** Returns a defect in words for an operator. */
export function describeDefect({ kind, name, reason, action }: Defect): string {
  const subject = kind === 'list' ? name : `the ${kind} ${JSON.stringify(name.slice(0, 128))}`;
  return `${subject} is ${action.replace('_', ' ')}: ${reason}`;
}
