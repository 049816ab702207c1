import { SOURCE_META_KEY } from '@toolmesh/shared/mcp/meta';
import type { McpTool, Offer, Prompt, Resource, ResourceTemplateType } from '@toolmesh/shared/mcp/protocol';
import type { Upstream } from '../upstreams/upstream.ts';
import { ClaimBook, type Claims, type LeftOut, type NameSettings, type Relaxed } from './claims.ts';
import { offeredName } from './names.ts';

/** An upstream with what mesh.json says of its names. */
export interface Member extends NameSettings {
  readonly upstream: Upstream;
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

/** All that the upstreams offer, by the hub's names. */
export interface CatalogueIndex {
  readonly offer: Offer;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly prompts: ReadonlyMap<string, Entry>;
  /** The owner of each name, for the next index. */
  readonly claims: Claims;
  /** The offers of each upstream that are left out, by its name. */
  readonly leftOut: ReadonlyMap<string, readonly LeftOut[]>;
  /** Tools that say less of their dangers than they did in the index before. */
  readonly relaxed: readonly Relaxed[];
  /** Returns the owner of a resource. */
  ownerOfResource(uri: string): Upstream | undefined;
}

/** Indexes the last good lists of `members`: names go to whom they belonged before, else to the first that offers them. */
export function buildIndex(members: readonly Member[], before: Claims): CatalogueIndex {
  const book = new ClaimBook(before, new Map(members.map((member) => [member.upstream.name, member])));
  const lists: Lists = {
    tools: new Map(),
    prompts: new Map(),
    resources: [],
    resourceTemplates: [],
    leftOut: new Map(),
  };
  const promptsOffered: Prompt[] = [];
  for (const { upstream, prefix } of members) {
    const { name: owner, offer } = upstream;
    const isClaimed = claimFor(lists, owner);
    for (const listed of offer.tools) {
      if (!isClaimed(book.claimTool(owner, listed))) continue;
      const tool = withSource(listed, offeredName(prefix, listed.name), upstream);
      lists.tools.set(tool.name, { upstream, original: listed.name, tool });
    }
    for (const prompt of offer.prompts) {
      if (!isClaimed(book.claimPrompt(owner, prompt.name))) continue;
      const name = offeredName(prefix, prompt.name);
      lists.prompts.set(name, { upstream, original: prompt.name });
      promptsOffered.push({ ...prompt, name });
    }
    for (const resource of offer.resources) {
      if (isClaimed(book.claimResource(owner, resource.uri))) lists.resources.push(resource);
    }
    for (const template of offer.resourceTemplates) {
      if (isClaimed(book.claimTemplate(owner, template.uriTemplate))) lists.resourceTemplates.push(template);
    }
  }
  const { tools, prompts, resources, resourceTemplates, leftOut } = lists;
  const claims = book.finish();
  const offer = { tools: [...tools.values()].map(({ tool }) => tool), prompts: promptsOffered };
  return {
    offer: { ...offer, resources, resourceTemplates },
    tools,
    prompts,
    claims,
    leftOut,
    relaxed: book.relaxed,
    ownerOfResource: findOwner(claims, members),
  };
}

interface Lists {
  readonly tools: Map<string, ToolEntry>;
  readonly prompts: Map<string, Entry>;
  readonly resources: Resource[];
  readonly resourceTemplates: ResourceTemplateType[];
  readonly leftOut: Map<string, LeftOut[]>;
}

/** Returns what notes a claim of `owner` that was refused, and says whether it was not. */
function claimFor({ leftOut }: Lists, owner: string): (refused: LeftOut | undefined) => boolean {
  return (refused) => {
    if (refused === undefined) return true;
    const names = leftOut.get(owner) ?? [];
    leftOut.set(owner, names);
    names.push(refused);
    return false;
  };
}

/** A listed resource goes before templates, and of templates the one that was claimed first. */
function findOwner({ resource, template }: Claims, members: readonly Member[]): CatalogueIndex['ownerOfResource'] {
  const upstreams = new Map(members.map(({ upstream }) => [upstream.name, upstream]));
  return (uri) => {
    const exact = resource.get(uri) ?? template.get(uri);
    const claim = exact ?? template.values().find((candidate) => candidate.template.matches(uri));
    return claim === undefined ? undefined : upstreams.get(claim.owner);
  };
}

const withSource = (tool: McpTool, name: string, { name: server, status }: Upstream): McpTool => ({
  ...tool,
  name,
  _meta: { ...tool._meta, [SOURCE_META_KEY]: { server, status } },
});
