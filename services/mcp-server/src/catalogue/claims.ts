import { HUB_SERVER, isHubTool } from '@toolmesh/shared/contracts/hub-tools';
import { sourceOf } from '@toolmesh/shared/mcp/meta';
import type { McpTool } from '@toolmesh/shared/mcp/protocol';
import { mayBeOffered, type ToolSelection } from '../upstreams/offered.ts';
import { type Naming, offeredName, toolNameOf } from './names.ts';
import { parseUriTemplate, type UriTemplate } from './uri-template.ts';

export type NameKind = 'tool' | 'prompt' | 'resource' | 'template';

/** The settings of an upstream that decide its names. */
export interface NameSettings extends Naming {
  readonly selection: ToolSelection;
  /** True if its names give way to the same names of other upstreams. */
  readonly givesWay: boolean;
}

/** A name that belongs to an upstream, whether or not it offers it at the moment. */
export interface Claim {
  /** The upstream's name in mesh.json. */
  readonly owner: string;
  /** The name that the upstream itself gives. */
  readonly original: string;
  /** The care that a tool's annotations ask of its callers: the more, the higher. */
  readonly care?: number;
}

interface TemplateClaim extends Claim {
  readonly template: UriTemplate;
}

/** The owner of each name, by kind: in each, the names that were claimed first come first. */
export interface Claims {
  readonly tool: ReadonlyMap<string, Claim>;
  readonly prompt: ReadonlyMap<string, Claim>;
  readonly resource: ReadonlyMap<string, Claim>;
  readonly template: ReadonlyMap<string, TemplateClaim>;
  /** The upstreams whose first lists have been seen. */
  readonly seen: ReadonlySet<string>;
}

export const NO_CLAIMS: Claims = {
  tool: new Map(),
  prompt: new Map(),
  resource: new Map(),
  template: new Map(),
  seen: new Set(),
};

/** A tool whose annotations make its callers less careful than those that it had before. */
export interface Relaxed {
  readonly owner: string;
  readonly name: string;
}

/** Something that an upstream offers and the hub does not. */
export interface LeftOut {
  readonly kind: NameKind;
  readonly name: string;
  /** The upstream that the name belongs to, if that is why. */
  readonly owner?: string;
  /** In words for an operator. */
  readonly reason: string;
  /** True if its upstream gives way, as mesh.json has it. */
  readonly isGivenUp?: true;
}

/** Recognizes the tool of another hub that searches its tools, or calls one. */
const isOfOtherHub = (tool: McpTool): boolean => isHubTool(tool.name) && sourceOf(tool)?.server === HUB_SERVER;

/** Names of one kind that an upstream may have; templates are tried one after the other. */
const MAX_NAMES = { tool: 5_000, prompt: 5_000, resource: 5_000, template: 256 } as const;
/** The longest URI of a client that is looked up. */
export const MAX_URI_LENGTH = 8_192;
/** The longest names that upstreams may give; others are cut where they are shown. */
const MAX_LENGTH = { tool: 1_024, prompt: 1_024, resource: 2_048, template: 1_024 } as const;
/** Characters that a rebuild reads to find new resources under templates of others: some 50 ms. */
const MAX_READ = 32_000_000;

/**
 * The claims of names, brought up to date with what is offered now. The first lists of an upstream share names out by the
 * order of mesh.json, however late they come: a start has one outcome, and a slow upstream gets back what a later one has
 * taken meanwhile. After that a name belongs to its upstream until that is removed: what an upstream begins to offer
 * later gets no calls that are meant for another, also while that is away.
 */
export class ClaimBook {
  readonly #owners: ReadonlyMap<string, NameSettings>;
  /** The places of the upstreams: of two first lists, the lower has the name. */
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #seenBefore: ReadonlySet<string>;
  readonly #claims: {
    readonly tool: Map<string, Claim>;
    readonly prompt: Map<string, Claim>;
    readonly resource: Map<string, Claim>;
    readonly template: Map<string, TemplateClaim>;
    readonly seen: Set<string>;
  };
  /** Templates that were claimed before: those of now are no older than the resources of now. */
  readonly #elder: readonly TemplateClaim[];
  readonly #offered = new Map<string, Set<string>>();
  readonly #relaxed: Relaxed[] = [];
  #read = 0;

  /** `owners`: the upstreams of mesh.json, in its order; what belonged to any other is free again. */
  constructor(before: Claims, owners: ReadonlyMap<string, NameSettings>) {
    this.#owners = owners;
    this.#ranks = rankOf(owners);
    this.#seenBefore = before.seen;
    const template = new Map([...before.template].filter(([, { owner }]) => owners.has(owner)));
    this.#claims = {
      tool: this.#renamed(before.tool, 'tool'),
      prompt: this.#renamed(before.prompt, 'prompt'),
      resource: new Map([...before.resource].filter(([, { owner }]) => owners.has(owner))),
      template,
      seen: new Set([...before.seen].filter((owner) => owners.has(owner))),
    };
    this.#elder = [...template.values()];
  }

  /** Notes that the lists of an upstream have been seen: from the next time on it is no newcomer. */
  see(owner: string): void {
    this.#claims.seen.add(owner);
  }

  /** The tools that are less careful than they were at the last claim of their names. */
  get relaxed(): readonly Relaxed[] {
    return this.#relaxed;
  }

  /** Claims the name of a tool for `owner`. Returns why it is left out if it cannot have it. */
  claimTool(owner: string, tool: McpTool): LeftOut | undefined {
    const { name, annotations } = tool;
    const refused = this.#claimPrefixed('tool', { owner, original: name, care: careOf(annotations) });
    // Nothing is missing without it: this hub's own finds and calls what the other one's does.
    return refused !== undefined && isOfOtherHub(tool) ? { ...refused, isGivenUp: true } : refused;
  }

  claimPrompt(owner: string, original: string): LeftOut | undefined {
    return this.#claimPrefixed('prompt', { owner, original });
  }

  claimResource(owner: string, uri: string): LeftOut | undefined {
    if (uri.length > MAX_LENGTH.resource) return tooLong('resource', uri);
    const known = this.#claims.resource.get(uri);
    const isNew = known === undefined && this.#seenBefore.has(owner);
    const elder = isNew ? this.#elderOf(uri, owner) : undefined;
    if (elder === 'unknown') {
      return { kind: 'resource', name: uri, reason: 'too many resources are to be compared with templates of others' };
    }
    if (elder !== undefined) return this.#belongsTo({ kind: 'resource', name: uri, holder: elder, owner });
    return this.#take('resource', uri, { owner, original: uri });
  }

  claimTemplate(owner: string, text: string): LeftOut | undefined {
    if (text.length > MAX_LENGTH.template) return tooLong('template', text);
    const known = this.#claims.template.get(text);
    if (known !== undefined) return this.#take('template', text, { ...known, owner });
    const template = parseUriTemplate(text);
    if ('problem' in template) return { kind: 'template', name: text, reason: `it ${template.problem}` };
    return this.#take('template', text, { owner, original: text, template });
  }

  /** Returns the claims of now. Those that upstreams have had for longest and do not offer give way beyond the limit. */
  finish(): Claims {
    for (const kind of ['tool', 'prompt', 'resource', 'template'] as const) this.#trim(kind);
    return this.#claims;
  }

  #claimPrefixed(kind: 'tool' | 'prompt', claim: Claim): LeftOut | undefined {
    const { owner, original, care } = claim;
    if (original.length > MAX_LENGTH[kind]) return tooLong(kind, original);
    const name = this.#nameOf(kind, claim);
    if (kind === 'tool' && isHubTool(name)) return { kind, name, reason: 'it is a tool of the hub itself' };
    const before = this.#claims[kind].get(name);
    const refused = this.#take(kind, name, claim);
    if (refused !== undefined || care === undefined) return refused;
    if (before?.care !== undefined && before.owner === owner && care < before.care) this.#relaxed.push({ owner, name });
    this.#claims[kind].set(name, claim);
    return undefined;
  }

  #take(kind: NameKind, name: string, claim: Claim | TemplateClaim): LeftOut | undefined {
    const { owner } = claim;
    const names: Map<string, Claim> = this.#claims[kind];
    const holder = names.get(name)?.owner;
    const hasPrecedence = holder !== undefined && this.#precedes(owner, holder);
    if (holder !== undefined && holder !== owner && !hasPrecedence) {
      return this.#belongsTo({ kind, name, holder, owner });
    }
    const offeredNow = this.#offeredBy(kind, owner);
    if (offeredNow.has(name)) return { kind, name, reason: 'it is offered twice' };
    if (offeredNow.size >= MAX_NAMES[kind]) return { kind, name, reason: `there are more than ${MAX_NAMES[kind]}` };
    offeredNow.add(name);
    if (holder === undefined || hasPrecedence) names.set(name, claim);
    return undefined;
  }

  /** Returns whether the first lists of `owner` take names from `holder`. */
  #precedes(owner: string, holder: string): boolean {
    if (this.#seenBefore.has(owner)) return false;
    return this.#rank(owner) < this.#rank(holder);
  }

  #rank(owner: string): number {
    return this.#ranks.get(owner) ?? 0;
  }

  #belongsTo({ kind, name, holder, owner }: Refusal): LeftOut {
    const isFirst = this.#rank(holder) < this.#rank(owner);
    const isGivenUp = this.#owners.get(owner)?.givesWay === true;
    const reason = `it belongs to ${holder}, which ${isFirst ? 'comes first in mesh.json' : 'offered it first'}`;
    return { kind, name, owner: holder, reason, ...(isGivenUp ? { isGivenUp } : {}) };
  }

  #nameOf(kind: 'tool' | 'prompt', { owner, original }: Claim): string {
    const naming = this.#owners.get(owner) ?? { prefix: '', overrides: {} };
    return kind === 'tool' ? toolNameOf(naming, original) : offeredName(naming.prefix, original, kind);
  }

  #offeredBy(kind: NameKind, owner: string): Set<string> {
    const key = `${kind} ${owner}`;
    const known = this.#offered.get(key) ?? new Set();
    this.#offered.set(key, known);
    return known;
  }

  /** Returns the upstream whose template a resource has been under for longer than it is offered. */
  #elderOf(uri: string, owner: string): string | undefined {
    for (const claim of this.#elder) {
      if (claim.owner === owner) continue;
      this.#read += claim.template.passes * uri.length;
      if (this.#read > MAX_READ) return 'unknown';
      if (claim.template.matches(uri)) return claim.owner;
    }
    return undefined;
  }

  /** Keeps the claims of upstreams that are still there, by the names that their settings give now. */
  #renamed(before: ReadonlyMap<string, Claim>, kind: 'tool' | 'prompt'): Map<string, Claim> {
    const kept = new Map<string, Claim>();
    for (const claim of before.values()) {
      const settings = this.#owners.get(claim.owner);
      if (settings === undefined) continue;
      if (kind === 'tool' && !mayBeOffered(claim.original, settings.selection)) continue;
      const name = this.#nameOf(kind, claim);
      const other = kept.get(name)?.owner;
      if (other === undefined || this.#rank(claim.owner) < this.#rank(other)) kept.set(name, claim);
    }
    return kept;
  }

  #trim(kind: NameKind): void {
    const names: Map<string, Claim> = this.#claims[kind];
    const counts = new Map<string, number>();
    for (const { owner } of names.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    for (const [name, { owner }] of names) {
      const count = counts.get(owner) ?? 0;
      if (count <= MAX_NAMES[kind] || this.#offeredBy(kind, owner).has(name)) continue;
      names.delete(name);
      counts.set(owner, count - 1);
    }
  }
}

const tooLong = (kind: NameKind, name: string): LeftOut => ({
  kind,
  name: name.slice(0, MAX_LENGTH[kind]),
  reason: `it is longer than ${MAX_LENGTH[kind]} characters`,
});

/** A policy lets tools that only read run unasked, and then those that destroy nothing (the protocol's defaults). */
function careOf({ readOnlyHint = false, destructiveHint = true }: NonNullable<McpTool['annotations']> = {}): number {
  if (readOnlyHint) return 0;
  return destructiveHint ? 2 : 1;
}

/** A claim of `owner` on a name of `holder`. */
interface Refusal {
  readonly kind: NameKind;
  readonly name: string;
  readonly holder: string;
  readonly owner: string;
}

/** Returns the places of upstreams by their order; those that give way come after all others. */
function rankOf(owners: ReadonlyMap<string, NameSettings>): ReadonlyMap<string, number> {
  const ranks = [...owners].map(
    ([owner, { givesWay }], index) => [owner, givesWay ? owners.size + index : index] as const,
  );
  return new Map(ranks);
}
