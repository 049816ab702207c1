import type { McpTool } from '@toolmesh/shared/mcp/protocol';
import { type ToolSelection, offered } from '../upstreams/offered.ts';
import { offeredName } from './names.ts';
import { parseUriTemplate, type UriTemplate } from './uri-template.ts';

export type NameKind = 'tool' | 'prompt' | 'resource' | 'template';

/** The settings of an upstream that decide its names. */
export interface NameSettings {
  readonly prefix: string;
  readonly selection: ToolSelection;
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
}

export const NO_CLAIMS: Claims = { tool: new Map(), prompt: new Map(), resource: new Map(), template: new Map() };

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
}

/** Names of one kind that an upstream may have; templates are tried one after the other. */
const MAX_NAMES = { tool: 5_000, prompt: 5_000, resource: 5_000, template: 256 } as const;
/** The longest URI of a client that is looked up. */
export const MAX_URI_LENGTH = 8_192;
/** The longest names that upstreams may give; others are cut where they are shown. */
const MAX_LENGTH = { tool: 1_024, prompt: 1_024, resource: 2_048, template: 1_024 } as const;
/** Characters that a rebuild reads to find new resources under templates of others: some 50 ms. */
const MAX_READ = 32_000_000;

/**
 * The claims of names, brought up to date with what is offered now. A name belongs to the upstream that offered it first
 * until that upstream is removed: a newcomer must not get the calls that are meant for another, also while that is away.
 */
export class ClaimBook {
  readonly #owners: ReadonlyMap<string, NameSettings>;
  readonly #claims: {
    readonly tool: Map<string, Claim>;
    readonly prompt: Map<string, Claim>;
    readonly resource: Map<string, Claim>;
    readonly template: Map<string, TemplateClaim>;
  };
  /** Templates that were claimed before: those of now are no older than the resources of now. */
  readonly #elder: readonly TemplateClaim[];
  readonly #offered = new Map<string, Set<string>>();
  readonly #relaxed: Relaxed[] = [];
  #read = 0;

  /** `owners`: the upstreams of mesh.json; what belonged to any other is free again. */
  constructor(before: Claims, owners: ReadonlyMap<string, NameSettings>) {
    this.#owners = owners;
    const template = new Map([...before.template].filter(([, { owner }]) => owners.has(owner)));
    this.#claims = {
      tool: this.#renamed(before.tool, 'tool'),
      prompt: this.#renamed(before.prompt, 'prompt'),
      resource: new Map([...before.resource].filter(([, { owner }]) => owners.has(owner))),
      template,
    };
    this.#elder = [...template.values()];
  }

  /** The tools that are less careful than they were at the last claim of their names. */
  get relaxed(): readonly Relaxed[] {
    return this.#relaxed;
  }

  /** Claims the name of a tool for `owner`. Returns why it is left out if it cannot have it. */
  claimTool(owner: string, { name, annotations }: McpTool): LeftOut | undefined {
    return this.#claimPrefixed('tool', { owner, original: name, care: careOf(annotations) });
  }

  claimPrompt(owner: string, original: string): LeftOut | undefined {
    return this.#claimPrefixed('prompt', { owner, original });
  }

  claimResource(owner: string, uri: string): LeftOut | undefined {
    if (uri.length > MAX_LENGTH.resource) return tooLong('resource', uri);
    const known = this.#claims.resource.get(uri);
    const elder = known === undefined ? this.#elderOf(uri, owner) : undefined;
    if (elder === 'unknown') {
      return { kind: 'resource', name: uri, reason: 'too many resources are to be compared with templates of others' };
    }
    if (elder !== undefined) return belongsTo('resource', uri, elder);
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
    const name = offeredName(this.#owners.get(owner)?.prefix ?? '', original);
    const before = this.#claims[kind].get(name)?.care;
    const refused = this.#take(kind, name, claim);
    if (refused !== undefined || care === undefined) return refused;
    if (before !== undefined && care < before) this.#relaxed.push({ owner, name });
    this.#claims[kind].set(name, claim);
    return undefined;
  }

  #take(kind: NameKind, name: string, claim: Claim | TemplateClaim): LeftOut | undefined {
    const { owner } = claim;
    const names: Map<string, Claim> = this.#claims[kind];
    const holder = names.get(name)?.owner;
    if (holder !== undefined && holder !== owner) return belongsTo(kind, name, holder);
    const offeredNow = this.#offeredBy(kind, owner);
    if (offeredNow.has(name)) return { kind, name, reason: 'it is offered twice' };
    if (offeredNow.size >= MAX_NAMES[kind]) return { kind, name, reason: `there are more than ${MAX_NAMES[kind]}` };
    offeredNow.add(name);
    if (holder === undefined) names.set(name, claim);
    return undefined;
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
      if (kind === 'tool' && offered([{ name: claim.original }], settings.selection).length === 0) continue;
      const name = offeredName(settings.prefix, claim.original);
      if (!kept.has(name)) kept.set(name, claim);
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

const belongsTo = (kind: NameKind, name: string, owner: string): LeftOut => ({
  kind,
  name,
  owner,
  reason: `it belongs to ${owner}, which offered it first`,
});
