import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import {
  INVALID_PARAMS,
  type McpRequest,
  type McpResult,
  type McpTool,
  type Offer,
  ProtocolError,
  resourceNotFound,
} from '@toolmesh/shared/mcp/protocol';
import { buildIndex, type CatalogueIndex, type Entry, type Member } from './catalogue/catalogue-index.ts';
import { type LeftOut, MAX_URI_LENGTH, NO_CLAIMS } from './catalogue/claims.ts';
import type { Caller, Upstream } from './upstreams/upstream.ts';

/** Everything that the upstreams offer, as one. */
export interface Catalogue {
  /** Brings it up to date with what the upstreams offer now. */
  rebuild(): void;
  /** Replaces the upstreams. */
  setMembers(members: readonly Member[]): void;
  /** Returns the tools and prompts that an upstream and another one offer, each with both, and the cure. */
  conflictsOf(upstream: string): readonly string[];
  /** Returns what an upstream offers in vain: a name belongs to the upstream that offered it first. */
  leftOut(upstream: string): readonly LeftOut[];
  /** Returns what is odd about the entry of an upstream in mesh.json, in words for an operator. */
  warnings(upstream: string): readonly string[];
  /** Returns all lists under the hub's names; each tool with its upstream in its `_meta`. */
  offer(): Offer;
  /** Returns a tool as it is offered. */
  tool(name: string): McpTool | undefined;
  /** Returns the upstream of a resource. */
  ownerOfResource(uri: string): Upstream | undefined;
  /** Returns the upstream of a prompt. */
  ownerOfPrompt(name: string): Upstream | undefined;
  /**
   * Passes a request on to the upstream that it is for.
   * @throws MeshError for one that was not answered; ProtocolError for one that cannot be.
   */
  request(request: McpRequest, caller: Caller): Promise<McpResult>;
  /** Calls `listener` after every change of the lists. Returns the function that ends that. */
  onChange(listener: () => void): () => void;
}

/** Starts the timer of a call of `tool`; the returned function stops it. `failed`: the call did not run. */
export type StartCall = (tool: string) => (outcome: 'success' | 'error' | 'failed') => void;

export interface CatalogueOptions {
  readonly timers: readonly StartCall[];
  /** Called for each tool whose annotations became less careful, with its upstream. */
  readonly onRelaxed: (upstream: string) => void;
  readonly logger: Logger;
}

/** Makes the catalogue of all upstreams, built from their last good lists, so that a dead one delays nobody. */
export function createCatalogue({ timers, onRelaxed, logger }: CatalogueOptions): Catalogue {
  let members: readonly Member[] = [];
  let index = buildIndex(members, NO_CLAIMS);
  const listeners = new Set<() => void>();
  const route = createRouter(() => index, timers);

  const replace = (next: CatalogueIndex): void => {
    const before = index;
    index = next;
    logLeftOut(before, next, logger);
    logRelaxed(next, logger);
    for (const { owner } of next.relaxed) onRelaxed(owner);
    for (const listener of listeners) listener();
  };

  return {
    rebuild: () => replace(buildIndex(members, index.claims)),
    setMembers(nextMembers) {
      members = nextMembers;
      replace(buildIndex(members, index.claims));
    },
    conflictsOf: (upstream) => conflictsOf(index, upstream),
    leftOut: (upstream) => (index.leftOut.get(upstream) ?? []).filter(({ isGivenUp }) => isGivenUp !== true),
    warnings: (upstream) => index.warnings.get(upstream) ?? [],
    offer: () => index.offer,
    tool: (name) => index.tools.get(resolve(index, 'tool', name))?.tool,
    ownerOfResource: (uri) => index.ownerOfResource(uri),
    ownerOfPrompt: (name) => index.prompts.get(resolve(index, 'prompt', name))?.upstream,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    request: route,
  };
}

/** Names of tools and prompts that an upstream and another one offer, each with both. */
const conflictsOf = ({ leftOut }: CatalogueIndex, upstream: string): readonly string[] =>
  [...leftOut].flatMap(([loser, names]) =>
    names.flatMap(({ kind, name, owner, isGivenUp }) => {
      const isConflict = owner !== undefined && (kind === 'tool' || kind === 'prompt') && isGivenUp !== true;
      const isMeant = loser === upstream || owner === upstream;
      return isConflict && isMeant ? [`"${cut(name)}" is offered by ${owner} and by ${loser}: ${CURE}`] : [];
    }),
  );

const CURE = 'give one of them a "prefix" in mesh.json, or list the name in its "exclude"';

/** Returns the hub's name of what a caller asks for, maybe by the name that the upstream itself gives. */
const resolve = ({ tools, prompts, aliases }: CatalogueIndex, kind: 'tool' | 'prompt', name: string): string =>
  (kind === 'tool' ? tools : prompts).has(name) ? name : (aliases[kind].get(name) ?? name);

/** Names that a log line lists: an upstream may offer thousands in vain. */
const MAX_LOGGED = 10;

function logLeftOut(before: CatalogueIndex, { leftOut }: CatalogueIndex, logger: Logger): void {
  for (const [upstream, names] of leftOut) {
    const known = new Set(before.leftOut.get(upstream)?.map(({ kind, name }) => `${kind} ${name}`));
    const fresh = names.filter(({ kind, name }) => !known.has(`${kind} ${name}`));
    if (fresh.length === 0) continue;
    const [givenUp, lost] = [fresh.filter(({ isGivenUp }) => isGivenUp), fresh.filter(({ isGivenUp }) => !isGivenUp)];
    if (givenUp.length > 0) logger.info({ upstream, ...summary(givenUp) }, 'names give way to those of others');
    if (lost.length > 0) {
      logger.error({ upstream, ...summary(lost) }, 'left out; a prefix in mesh.json keeps names apart');
    }
  }
}

const summary = (leftOut: readonly LeftOut[]) => ({
  count: leftOut.length,
  problems: leftOut.slice(0, MAX_LOGGED).map(({ kind, name, reason }) => `${kind} "${cut(name)}": ${reason}`),
});

function logRelaxed({ relaxed }: CatalogueIndex, logger: Logger): void {
  for (const [upstream, tools] of Map.groupBy(relaxed, ({ owner }) => owner)) {
    const names = tools.slice(0, MAX_LOGGED).map(({ name }) => name);
    logger.warn({ upstream, count: tools.length, tools: names }, 'tools call themselves less dangerous than before');
  }
}

const cut = (name: string): string => name.slice(0, 128);

/** Returns the way of each request to the upstream that its params name. */
function createRouter(current: () => CatalogueIndex, timers: readonly StartCall[]): Catalogue['request'] {
  const callTool = async (request: McpRequest, caller: Caller): Promise<McpResult> => {
    const name = resolve(current(), 'tool', String(request.params['name']));
    const entry = entryOf('tool', name, current().tools);
    if (entry.needsTasks) throw needsTasks(name);
    const stops = timers.map((start) => start(name));
    const record: ReturnType<StartCall> = (outcome) => stops.forEach((stop) => stop(outcome));
    try {
      const result = await entry.upstream.request(renamed(request, entry), caller);
      record(result['isError'] === true ? 'error' : 'success');
      return result;
    } catch (error) {
      record('failed');
      throw explain(error, name, entry.upstream);
    }
  };
  const pass = (request: McpRequest, upstream: Upstream, caller: Caller): Promise<McpResult> =>
    upstream.request(request, caller).catch((error: unknown) => {
      throw explain(error, request.method, upstream);
    });
  const promptOf = (name: unknown): Entry =>
    entryOf('prompt', resolve(current(), 'prompt', String(name)), current().prompts);
  const complete = (request: McpRequest, caller: Caller): Promise<McpResult> => {
    const ref: { type?: unknown; name?: unknown; uri?: unknown } = Object(request.params['ref']);
    if (ref.type !== 'ref/prompt') return pass(request, ownerOf(current(), String(ref.uri)), caller);
    const { upstream, original } = promptOf(ref.name);
    const params = { ...request.params, ref: { ...ref, name: original } };
    return pass({ ...request, params }, upstream, caller);
  };

  return async (request, caller) => {
    const { method, params } = request;
    if (method === 'tools/call') return callTool(request, caller);
    if (method === 'resources/read') return pass(request, ownerOf(current(), String(params['uri'])), caller);
    if (method === 'completion/complete') return complete(request, caller);
    if (method !== 'prompts/get') throw new ProtocolError(INVALID_PARAMS, `${method} cannot be passed on`);
    const entry = promptOf(params['name']);
    return pass(renamed(request, entry), entry.upstream, caller);
  };
}

const renamed = (request: McpRequest, { original }: Entry): McpRequest => ({
  ...request,
  params: { ...request.params, name: original },
});

const needsTasks = (name: string): MeshError =>
  new MeshError(
    'invalid_request',
    `${name} runs only as a task of MCP (taskSupport: required); Toolmesh has no tasks yet`,
  );

/** @throws ProtocolError for a URI that is too long to be looked up, or of nobody. */
function ownerOf(index: CatalogueIndex, uri: string): Upstream {
  if (uri.length > MAX_URI_LENGTH) {
    throw new ProtocolError(INVALID_PARAMS, `uri: must have at most ${MAX_URI_LENGTH} characters; has ${uri.length}`);
  }
  const owner = index.ownerOfResource(uri);
  if (owner === undefined) throw resourceNotFound(uri);
  return owner;
}

/** @throws MeshError with the nearest names for one that nobody offers. */
function entryOf<Kind extends Entry>(kind: 'tool' | 'prompt', name: string, known: ReadonlyMap<string, Kind>): Kind {
  const entry = known.get(name);
  if (entry !== undefined) return entry;
  const code = kind === 'tool' ? 'tool_not_found' : 'not_found';
  throw new MeshError(code, `There is no ${kind} named "${cut(name)}"`, {
    details: { did_you_mean: nearestNames(name, known.keys()) },
  });
}

/** Names the target and the upstream in a failure: a caller may have several calls under way. */
function explain(error: unknown, target: string, upstream: Upstream): unknown {
  if (!(error instanceof MeshError) || error.status < 500) return error;
  const { code, details, retryAfterSeconds } = error;
  return new MeshError(code, `${target} could not be called: ${error.message}`, {
    cause: error,
    details: { upstream: upstream.name, ...Object(details) },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
