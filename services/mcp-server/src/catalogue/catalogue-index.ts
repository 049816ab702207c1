import type { McpTool, Offer, Prompt, Resource, ResourceTemplateType } from '@toolmesh/shared/mcp/protocol';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Claim, ClaimBook, type Claims, type LeftOut, type NameSettings, type Relaxed } from './claims.ts';
import { aliasesOf, offeredName, toolNameOf } from './names.ts';
import { describeTool, type TextOverrides, titleFor } from './describe-tool.ts';

/** An upstream with what mesh.json says of its names. */
export interface Member extends NameSettings {
  readonly upstream: Upstream;
  readonly overrides: TextOverrides;
}

/** The owner of a name of the hub. */
export interface Entry {
  readonly upstream: Upstream;
  /** The name that the upstream itself gives. */
  readonly original: string;
}

export interface ToolEntry extends Entry {
  readonly tool: McpTool;
  /** True if it runs only as a task. */
  readonly needsTasks: boolean;
}

/** All that the upstreams offer, by the hub's names. */
export interface CatalogueIndex {
  readonly offer: Offer;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly prompts: ReadonlyMap<string, Entry>;
  /** The hub's names of tools and prompts by the upstreams' own ones that it had to change, where one alone has it. */
  readonly aliases: { readonly tool: ReadonlyMap<string, string>; readonly prompt: ReadonlyMap<string, string> };
  /** The owner of each name, for the next index. */
  readonly claims: Claims;
  /** The offers of each upstream that are left out, by its name. */
  readonly leftOut: ReadonlyMap<string, readonly LeftOut[]>;
  /** Settings of mesh.json that do not fit what the upstreams offer, by the names of those. */
  readonly warnings: ReadonlyMap<string, readonly string[]>;
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
  for (const member of inClaimOrder(members)) {
    const { upstream, prefix } = member;
    const { name: owner, offer } = upstream;
    if (upstream.status !== 'down') book.see(owner);
    const isClaimed = claimFor(lists, owner);
    for (const listed of offer.tools) {
      if (!isClaimed(book.claimTool(owner, listed))) continue;
      const { tool, needsTasks } = describeTool(listed, toolNameOf(member, listed.name), member);
      lists.tools.set(tool.name, { upstream, original: listed.name, tool, needsTasks });
    }
    for (const prompt of offer.prompts) {
      if (!isClaimed(book.claimPrompt(owner, prompt.name))) continue;
      const name = offeredName(prefix, prompt.name, 'prompt');
      lists.prompts.set(name, { upstream, original: prompt.name });
      promptsOffered.push({ ...prompt, name, ...titleFor(prompt, name, prefix) });
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
    aliases: { tool: aliasesIn(claims.tool, members), prompt: aliasesIn(claims.prompt, members) },
    claims,
    leftOut,
    warnings: new Map(members.map((member) => [member.upstream.name, warningsOf(member)])),
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

/** Returns the overrides that are of no tool; none for an upstream that has not been reached yet. */
function warningsOf({ upstream: { name, offer, status }, overrides }: Member): readonly string[] {
  if (status === 'down') return [];
  const known = new Set(offer.tools.map((tool) => tool.name));
  const unknown = Object.keys(overrides).filter((tool) => !known.has(tool));
  return unknown.map((tool) => `overrides.${tool}: ${name} has no tool of this name`);
}

/** Those that give way claim last, and what they get is listed last. */
const inClaimOrder = (members: readonly Member[]): readonly Member[] =>
  members.toSorted((a, b) => Number(a.givesWay) - Number(b.givesWay));

/** Returns the hub's name for each own name of an upstream that it had to change; one of two upstreams is left out. */
function aliasesIn(claims: ReadonlyMap<string, Claim>, members: readonly Member[]): ReadonlyMap<string, string> {
  const settings = new Map(members.map((member) => [member.upstream.name, member]));
  const aliases = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const [name, { owner, original }] of claims) {
    const { prefix = '', overrides = {} } = settings.get(owner) ?? {};
    if (Object.hasOwn(overrides, original) && overrides[original]?.name !== undefined) continue;
    for (const alias of aliasesOf(prefix, original)) {
      if (aliases.has(alias)) ambiguous.add(alias);
      else aliases.set(alias, name);
    }
  }
  for (const alias of ambiguous) aliases.delete(alias);
  return aliases;
}
