import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Catalogue } from './catalogue.ts';
import type { Member } from './catalogue/catalogue-index.ts';
import type { MeshConfig } from './mesh-config/load-mesh-config.ts';
import type { UpstreamConfig } from './mesh-config/upstream-entry.ts';
import type { Upstream } from './upstreams/upstream.ts';

/** Makes the upstream that an entry of mesh.json describes. */
export type MakeUpstream = (name: string, config: UpstreamConfig) => Upstream;

/** The effect of a change of mesh.json: names of upstreams. */
export interface MeshChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** An upstream with its entry in mesh.json. */
export interface MeshEntry {
  readonly config: UpstreamConfig;
  readonly upstream: Upstream;
}

/** The upstreams that mesh.json lists now. */
export interface Mesh {
  readonly upstreams: readonly Upstream[];
  /** The same, each with its entry. */
  readonly entries: readonly MeshEntry[];
  /**
   * Brings the upstreams in line with `config`: unchanged entries keep their upstream and its calls; one that
   * is replaced or removed is closed once its calls have ended.
   * @throws Error with every name that two upstreams would offer; nothing has changed then.
   */
  apply(config: MeshConfig): Promise<MeshChange>;
  close(): Promise<void>;
}

export interface MeshOptions {
  readonly make: MakeUpstream;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  /** Time for new upstreams to start before the change is checked for conflicts and made. */
  readonly startWaitMs: number;
  /** Time for the calls of a removed upstream to end. */
  readonly graceMs: number;
}

export function createMesh({ make, catalogue, logger, startWaitMs, graceMs }: MeshOptions): Mesh {
  let entries: ReadonlyMap<string, MeshEntry> = new Map();

  return {
    get upstreams() {
      return [...entries.values()].map(({ upstream }) => upstream);
    },
    get entries() {
      return [...entries.values()];
    },
    async apply({ mcpServers }) {
      const before = entries;
      const next = new Map<string, MeshEntry>();
      const fresh: Upstream[] = [];
      for (const [name, config] of Object.entries(mcpServers)) {
        if (config.disabled) continue;
        const known = before.get(name);
        const isSame = known !== undefined && JSON.stringify(known.config) === JSON.stringify(config);
        const upstream = isSame ? known.upstream : make(name, config);
        if (!isSame) fresh.push(upstream);
        next.set(name, { config, upstream });
      }
      await untilUp(fresh, startWaitMs);
      entries = next;
      const conflicts = catalogue.setMembers([...next.values()].map(memberOf));
      if (conflicts.length > 0) {
        entries = before;
        await Promise.all(fresh.map((upstream) => upstream.close()));
        throw new Error(conflicts.join('\n'));
      }
      const gone = [...before].filter(([name, { upstream }]) => next.get(name)?.upstream !== upstream);
      for (const [name, { upstream }] of gone) {
        upstream
          .drain(graceMs)
          .catch((error: unknown) => logger.warn({ err: error, upstream: name }, 'an upstream did not close'));
      }
      return {
        added: [...next.keys()].filter((name) => !before.has(name)),
        changed: gone.map(([name]) => name).filter((name) => next.has(name)),
        removed: gone.map(([name]) => name).filter((name) => !next.has(name)),
      };
    },
    async close() {
      await Promise.all([...entries.values()].map(({ upstream }) => upstream.close()));
    },
  };
}

const memberOf = ({ upstream, config }: MeshEntry): Member => ({
  upstream,
  prefix: config.prefix ?? '',
  selection: config,
});

/** Waits until all are up, for `timeoutMs` at most. */
async function untilUp(upstreams: readonly Upstream[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (upstreams.some(({ status }) => status !== 'up') && performance.now() < deadline) await sleep(20);
}
