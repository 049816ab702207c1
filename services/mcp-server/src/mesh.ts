import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Catalogue } from './catalogue.ts';
import type { Member } from './catalogue/catalogue-index.ts';
import type { MeshConfig } from './mesh-config/load-mesh-config.ts';
import type { ToolChoice } from './mesh-config/tool-sets.ts';
import type { EntryConfig } from './mesh-config/entry-config.ts';
import type { Upstream } from './upstreams/upstream.ts';

/** Makes the upstream that an entry of mesh.json describes. */
export type MakeUpstream = (name: string, config: EntryConfig) => Upstream;

/** The effect of a change of mesh.json: names of upstreams. */
export interface MeshChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** An upstream with its entry in mesh.json. */
export interface MeshEntry {
  readonly config: EntryConfig;
  readonly upstream: Upstream;
}

/** The upstreams that mesh.json lists now. */
export interface Mesh {
  readonly upstreams: readonly Upstream[];
  /** The same, each with its entry. */
  readonly entries: readonly MeshEntry[];
  /** The sets of tools that mesh.json has now. */
  readonly choice: ToolChoice;
  /**
   * Makes the upstreams of the mesh.json that the hub starts with.
   * @throws ConfigError with every name that two of them offer. One that answers after `startWaitMs` is checked when it
   * does, see `onConflict`.
   */
  start(config: MeshConfig): Promise<void>;
  /**
   * Brings the upstreams in line with `config`: unchanged entries keep their upstream and its calls; one that
   * is replaced or removed is closed once its calls have ended. Of two that offer one name, the order of mesh.json
   * decides: nothing that runs is stopped.
   */
  apply(config: MeshConfig): Promise<MeshChange>;
  close(): Promise<void>;
}

export interface MeshOptions {
  readonly make: MakeUpstream;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  /** Time for new upstreams to start before the change is made. */
  readonly startWaitMs: number;
  /** Called when the first answer of an upstream shows that the hub could not have started with this mesh.json. */
  readonly onConflict: (error: ConfigError) => void;
  /** Time for the calls of a removed upstream to end. */
  readonly graceMs: number;
}

export function createMesh(options: MeshOptions): Mesh {
  const { make, catalogue, logger, startWaitMs, graceMs } = options;
  let entries: ReadonlyMap<string, MeshEntry> = new Map();
  let choice: ToolChoice = { sets: new Map(), pinned: [] };
  const closeAll = (): Promise<unknown> => Promise.all([...entries.values()].map(({ upstream }) => upstream.close()));

  return {
    get upstreams() {
      return [...entries.values()].map(({ upstream }) => upstream);
    },
    get entries() {
      return [...entries.values()];
    },
    get choice() {
      return choice;
    },
    async start(config) {
      await this.apply(config);
      const upstreams = this.upstreams;
      const conflicts = new Set(upstreams.flatMap(({ name }) => catalogue.conflictsOf(name)));
      if (conflicts.size > 0) {
        await closeAll();
        throw new ConfigError([...conflicts].join('\n'));
      }
      void watchStart(upstreams, options);
    },
    async apply({ mcpServers, sets, pinned }) {
      const before = entries;
      const next = new Map<string, MeshEntry>();
      const fresh: MeshEntry[] = [];
      for (const [name, config] of Object.entries(mcpServers)) {
        if (config.disabled) continue;
        const known = before.get(name);
        const isSame = known !== undefined && JSON.stringify(known.config) === JSON.stringify(config);
        const upstream = isSame ? known.upstream : make(name, config);
        if (!isSame) fresh.push({ config, upstream });
        next.set(name, { config, upstream });
      }
      await untilUp(
        fresh.filter(({ config }) => config.kind !== 'unusable'),
        startWaitMs,
      );
      entries = next;
      choice = { sets, pinned };
      catalogue.setMembers([...next.values()].map(memberOf));
      for (const { upstream } of [...before.values()].filter((entry) => isGone(next, entry))) {
        upstream
          .drain(graceMs)
          .catch((error: unknown) => logger.warn({ err: error, upstream: upstream.name }, 'an upstream did not close'));
      }
      return changeOf(before, next);
    },
    async close() {
      await closeAll();
    },
  };
}

const isGone = (entries: ReadonlyMap<string, MeshEntry>, { upstream }: MeshEntry): boolean =>
  entries.get(upstream.name)?.upstream !== upstream;

function changeOf(before: ReadonlyMap<string, MeshEntry>, next: ReadonlyMap<string, MeshEntry>): MeshChange {
  const gone = [...before].flatMap(([name, entry]) => (isGone(next, entry) ? [name] : []));
  return {
    added: [...next.keys()].filter((name) => !before.has(name)),
    changed: gone.filter((name) => next.has(name)),
    removed: gone.filter((name) => !next.has(name)),
  };
}

const memberOf = ({ upstream, config }: MeshEntry): Member => ({
  upstream,
  prefix: config.kind === 'unusable' ? '' : (config.prefix ?? ''),
  selection: config.kind === 'unusable' ? {} : config,
  overrides: config.kind === 'unusable' ? {} : (config.overrides ?? {}),
  givesWay: config.kind !== 'unusable' && (config.fallback ?? false),
});

const WATCH_MS = 50;

/**
 * Waits for the first answers of upstreams that the start did not wait for: a conflict of names stops the hub as it would
 * have, had they been faster. One that has failed once is no longer part of the start.
 */
async function watchStart(upstreams: readonly Upstream[], { catalogue, onConflict }: MeshOptions): Promise<void> {
  let starting = upstreams.filter(({ status, failure }) => status !== 'up' && failure === undefined);
  while (starting.length > 0) {
    await sleep(WATCH_MS, undefined, { ref: false });
    const conflicts = starting.flatMap(({ name, status }) => (status === 'up' ? catalogue.conflictsOf(name) : []));
    if (conflicts.length > 0) return onConflict(new ConfigError(conflicts.join('\n')));
    starting = starting.filter(({ status, failure }) => status !== 'up' && failure === undefined);
  }
}

/** Waits until all are up, for `timeoutMs` at most. */
async function untilUp(entries: readonly MeshEntry[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (entries.some(({ upstream }) => upstream.status !== 'up') && performance.now() < deadline) await sleep(20);
}
