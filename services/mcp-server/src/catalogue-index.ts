import { SOURCE_META_KEY } from '@toolmesh/shared/mcp/meta';
import {
  type McpTool,
  type Offer,
  type Prompt,
  type Resource,
  type ResourceTemplateType,
  UriTemplate,
} from '@toolmesh/shared/mcp/protocol';
import { offeredName } from './names.ts';
import type { Upstream } from './upstreams/upstream.ts';

/** An upstream with what mesh.json says of its names. */
export interface Member {
  readonly upstream: Upstream;
  readonly prefix: string;
}

/** The owner of a name of the hub. */
export interface Entry {
  readonly upstream: Upstream;
  /** The name that the upstream itself gives. */
  readonly original: string;
}

export interface ToolEntry extends Entry {
  readonly tool: McpTool;
}

interface Template {
  readonly template: UriTemplate;
  readonly text: string;
  readonly upstream: Upstream;
}

/** All that the upstreams offer, by the hub's names. */
export interface CatalogueIndex {
  readonly offer: Offer;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly prompts: ReadonlyMap<string, Entry>;
  /** Names that two upstreams offer, each with both owners. The first keeps the name. */
  readonly conflicts: readonly string[];
  /** Returns the owner of a resource. */
  ownerOfResource(uri: string): Upstream | undefined;
}

/** Indexes the last good lists of `members`; of two with the same name, the first wins. */
export function buildIndex(members: readonly Member[]): CatalogueIndex {
  const conflicts: string[] = [];
  const tools = new Map<string, ToolEntry>();
  const prompts = new Map<string, Entry>();
  const offeredPrompts: Prompt[] = [];
  for (const { upstream, prefix } of members) {
    for (const listed of upstream.offer.tools) {
      const tool = withSource(listed, offeredName(prefix, listed.name), upstream);
      claim({ names: tools, conflicts }, tool.name, { upstream, original: listed.name, tool });
    }
    for (const prompt of upstream.offer.prompts) {
      const name = offeredName(prefix, prompt.name);
      const isNew = claim({ names: prompts, conflicts }, name, { upstream, original: prompt.name });
      if (isNew) offeredPrompts.push({ ...prompt, name });
    }
  }
  const { resources, resourceTemplates, ownerOfResource } = indexResources(members);
  const offer = { tools: [...tools.values()].map(({ tool }) => tool), prompts: offeredPrompts };
  return { offer: { ...offer, resources, resourceTemplates }, tools, prompts, conflicts, ownerOfResource };
}

/** Gives `name` to an entry unless another has it, which is a conflict. Returns whether it did. */
function claim<Kind extends Entry>(
  { names, conflicts }: { readonly names: Map<string, Kind>; readonly conflicts: string[] },
  name: string,
  entry: Kind,
): boolean {
  const owner = names.get(name)?.upstream;
  if (owner === undefined) names.set(name, entry);
  else conflicts.push(`"${name}" is offered by ${owner.name} and by ${entry.upstream.name}`);
  return owner === undefined;
}

/** Two that offer the same URI mean the same thing, as far as anyone can tell: the first is asked. */
function indexResources(members: readonly Member[]) {
  const owners = new Map<string, Upstream>();
  const templates: Template[] = [];
  const resources: Resource[] = [];
  const resourceTemplates: ResourceTemplateType[] = [];
  for (const { upstream } of members) {
    for (const resource of upstream.offer.resources) {
      if (owners.has(resource.uri)) continue;
      owners.set(resource.uri, upstream);
      resources.push(resource);
    }
    for (const listed of upstream.offer.resourceTemplates) {
      const text = listed.uriTemplate;
      if (templates.some((known) => known.text === text)) continue;
      templates.push({ template: new UriTemplate(text), text, upstream });
      resourceTemplates.push(listed);
    }
  }
  const ownerOfResource = (uri: string): Upstream | undefined =>
    owners.get(uri) ?? templates.find(({ template, text }) => text === uri || template.match(uri) !== null)?.upstream;
  return { resources, resourceTemplates, ownerOfResource };
}

const withSource = (tool: McpTool, name: string, { name: server, status }: Upstream): McpTool => ({
  ...tool,
  name,
  _meta: { ...tool._meta, [SOURCE_META_KEY]: { server, status } },
});
