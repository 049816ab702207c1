import {
  INVALID_PARAMS,
  ProtocolError,
  type Resource,
  ResourceNotFoundError,
  type ResourceTemplateType,
  type Tool as McpTool,
  UriTemplate,
} from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { SOURCE_META_KEY } from '@toolmesh/shared/mcp/meta';
import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import { offeredName } from './names.ts';
import type { Caller, McpRequest, McpResult, Offer, Upstream } from './upstreams/upstream.ts';

/** An upstream with what mesh.json says of its names. */
export interface Member {
  readonly upstream: Upstream;
  readonly prefix: string;
}

/** Everything that the upstreams offer, as one. */
export interface Catalogue {
  /** Brings it up to date with what the upstreams offer now. */
  rebuild(): void;
  /** Replaces the upstreams. */
  setMembers(members: readonly Member[]): void;
  /** Names that two upstreams offer, each with both owners. */
  conflicts(): readonly string[];
  /** Under the hub's names; each tool with its upstream in its `_meta`. */
  offer(): Offer;
  /** A tool as it is offered; undefined for one that there is not. */
  tool(name: string): McpTool | undefined;
  /** Where a tool comes from; undefined for one that there is not. */
  ownerOf(tool: string): Upstream | undefined;
  /** Where a resource comes from; undefined for one that there is not. */
  ownerOfResource(uri: string): Upstream | undefined;
  /**
   * Passes a request on to the upstream that it is for.
   * @throws MeshError for one that was not answered; ProtocolError for one that cannot be.
   */
  request(request: McpRequest, caller: Caller): Promise<McpResult>;
  /** Called after every change of what is offered. Returns the end of that. */
  onChange(listener: () => void): () => void;
}

interface Entry {
  readonly upstream: Upstream;
  /** The name that the upstream itself gives. */
  readonly original: string;
}

interface ToolEntry extends Entry {
  readonly tool: McpTool;
}

interface Index {
  readonly offer: Offer;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly prompts: ReadonlyMap<string, Entry>;
  readonly resources: ReadonlyMap<string, Upstream>;
  readonly templates: readonly { readonly template: UriTemplate; readonly text: string; readonly upstream: Upstream }[];
  readonly conflicts: readonly string[];
}

/** Starts the clock of a call of `tool`; what it returns stops it. `failed`: the call did not run. */
export type StartCall = (tool: string) => (outcome: 'success' | 'error' | 'failed') => void;

/** All upstreams as one: listed from their last good lists, so that a dead upstream delays nobody. */
export function createCatalogue(clocks: readonly StartCall[], logger: Logger): Catalogue {
  let members: readonly Member[] = [];
  let index = buildIndex(members);
  const listeners = new Set<() => void>();

  const rebuild = (): void => {
    const before = index;
    index = buildIndex(members);
    for (const problem of index.conflicts) {
      if (!before.conflicts.includes(problem)) logger.error({ problem }, 'left out; set a prefix in mesh.json');
    }
    for (const listener of listeners) listener();
  };

  const callTool = async (name: string, request: McpRequest, caller: Caller): Promise<McpResult> => {
    const entry = index.tools.get(name);
    if (entry === undefined) throw unknownName('tool_not_found', 'tool', name, index.tools.keys());
    const started = clocks.map((start) => start(name));
    const record: ReturnType<StartCall> = (outcome) => started.forEach((stop) => stop(outcome));
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

  const complete = (request: McpRequest, caller: Caller): Promise<McpResult> => {
    const ref: { type?: unknown; name?: unknown; uri?: unknown } = Object(request.params['ref']);
    if (ref.type === 'ref/prompt') {
      const entry = index.prompts.get(String(ref.name));
      if (entry === undefined) throw unknownName('not_found', 'prompt', String(ref.name), index.prompts.keys());
      const params = { ...request.params, ref: { ...ref, name: entry.original } };
      return pass({ ...request, params }, entry.upstream, caller);
    }
    return pass(request, ownerOfUri(index, String(ref.uri)), caller);
  };

  return {
    rebuild,
    setMembers(next) {
      members = next;
      rebuild();
    },
    conflicts: () => index.conflicts,
    offer: () => index.offer,
    tool: (name) => index.tools.get(name)?.tool,
    ownerOf: (tool) => index.tools.get(tool)?.upstream,
    ownerOfResource: (uri) => findOwner(index, uri),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async request(request, caller) {
      const { method, params } = request;
      if (method === 'tools/call') return callTool(String(params['name']), request, caller);
      if (method === 'resources/read') return pass(request, ownerOfUri(index, String(params['uri'])), caller);
      if (method === 'completion/complete') return complete(request, caller);
      if (method !== 'prompts/get') throw new ProtocolError(INVALID_PARAMS, `${method} cannot be passed on`);
      const entry = index.prompts.get(String(params['name']));
      if (entry === undefined) throw unknownName('not_found', 'prompt', String(params['name']), index.prompts.keys());
      return pass(renamed(request, entry), entry.upstream, caller);
    },
  };
}

const renamed = (request: McpRequest, { original }: Entry): McpRequest => ({
  ...request,
  params: { ...request.params, name: original },
});

const findOwner = ({ resources, templates }: Index, uri: string): Upstream | undefined =>
  resources.get(uri) ?? templates.find(({ template, text }) => text === uri || template.match(uri) !== null)?.upstream;

function ownerOfUri(index: Index, uri: string): Upstream {
  const owner = findOwner(index, uri);
  if (owner === undefined) throw new ResourceNotFoundError(uri);
  return owner;
}

function unknownName(
  code: 'tool_not_found' | 'not_found',
  kind: string,
  name: string,
  known: Iterable<string>,
): MeshError {
  return new MeshError(code, `There is no ${kind} named "${name.slice(0, 128)}"`, {
    details: { did_you_mean: nearestNames(name, known) },
  });
}

/** Says which it was: the one who asked may have asked for several. */
function explain(error: unknown, what: string, upstream: Upstream): unknown {
  if (!(error instanceof MeshError) || error.status < 500) return error;
  const { code, details, retryAfterSeconds } = error;
  return new MeshError(code, `${what} could not be called: ${error.message}`, {
    cause: error,
    details: { upstream: upstream.name, ...Object(details) },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function buildIndex(members: readonly Member[]): Index {
  const tools = new Map<string, ToolEntry>();
  const prompts = new Map<string, Entry>();
  const resources = new Map<string, Upstream>();
  const templates: { template: UriTemplate; text: string; upstream: Upstream }[] = [];
  const offer: { [Kind in keyof Offer]: Offer[Kind][number][] } = {
    tools: [],
    prompts: [],
    resources: [],
    resourceTemplates: [],
  };
  const conflicts: string[] = [];

  /** Whether `name` was free and now is the entry's. */
  const claim = <Kind extends Entry>(names: Map<string, Kind>, name: string, entry: Kind): boolean => {
    const owner = names.get(name)?.upstream;
    if (owner === undefined) names.set(name, entry);
    else conflicts.push(`"${name}" is offered by ${owner.name} and by ${entry.upstream.name}`);
    return owner === undefined;
  };
  for (const { upstream, prefix } of members) {
    for (const listed of upstream.offer.tools) {
      const tool = withSource(listed, offeredName(prefix, listed.name), upstream);
      if (claim(tools, tool.name, { upstream, original: listed.name, tool })) offer.tools.push(tool);
    }
    for (const prompt of upstream.offer.prompts) {
      const name = offeredName(prefix, prompt.name);
      if (claim(prompts, name, { upstream, original: prompt.name })) offer.prompts.push({ ...prompt, name });
    }
    for (const resource of upstream.offer.resources) addResource(resource, upstream);
    for (const template of upstream.offer.resourceTemplates) addTemplate(template, upstream);
  }

  // Two that offer the same URI mean the same thing, as far as anyone can tell: the first is asked.
  function addResource(resource: Resource, upstream: Upstream): void {
    if (resources.has(resource.uri)) return;
    resources.set(resource.uri, upstream);
    offer.resources.push(resource);
  }
  function addTemplate(listed: ResourceTemplateType, upstream: Upstream): void {
    const text = listed.uriTemplate;
    if (templates.some((known) => known.text === text)) return;
    templates.push({ template: new UriTemplate(text), text, upstream });
    offer.resourceTemplates.push(listed);
  }
  return { offer, tools, prompts, resources, templates, conflicts };
}

const withSource = (tool: McpTool, name: string, { name: server, status }: Upstream): McpTool => ({
  ...tool,
  name,
  _meta: { ...tool._meta, [SOURCE_META_KEY]: { server, status } },
});
