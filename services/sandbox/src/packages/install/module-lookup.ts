import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { allModules, type InstalledModules, ownedModules } from '../store/installed-modules.ts';
import type { LayerStore, StoredLayer } from '../store/layer-store.ts';
import type { FindModules } from './layers.ts';

export interface ModuleLookup {
  readonly find: FindModules;
  /** Remembers that a session has installed a layer. */
  remember(session: string, layer: StoredLayer): void;
  /** Reads the layers again: there are others now, and these are gone. */
  forget(gone?: readonly { readonly directory: string }[]): void;
}

/** Sessions whose installs are remembered, and installs of one session: the latest of both. */
const MAX_SESSIONS = 1_000;
const MAX_LAYERS = 32;

/** Remembers the modules of all layers until there is another layer, and the installs of each session. */
/** @param targets are the interpreters whose layers count: those of another one are not for these programs */
export function createModuleLookup(
  store: Pick<LayerStore, 'list' | 'pathOf'>,
  targets: Readonly<Record<Ecosystem, string>>,
): ModuleLookup {
  let reading: Promise<Record<Ecosystem, InstalledModules>> | undefined;
  const sessions = new Map<string, readonly StoredLayer[]>();
  const read = async () => {
    const records = (await store.list()).filter(({ ecosystem, target }) => target === targets[ecosystem]);
    const layers = records.map((record) => ({ directory: store.pathOf(record), record }));
    return { pypi: ownedModules(ofEcosystem(layers, 'pypi')), npm: ownedModules(ofEcosystem(layers, 'npm')) };
  };
  return {
    async find(ecosystem, session) {
      reading ??= read();
      const own = session === undefined ? [] : ofEcosystem(sessions.get(session) ?? [], ecosystem);
      return [allModules(own), (await reading)[ecosystem]];
    },
    remember(session, layer) {
      const known = (sessions.get(session) ?? []).filter(({ directory }) => directory !== layer.directory);
      sessions.delete(session);
      sessions.set(session, [...known, layer].slice(-MAX_LAYERS));
      const [oldest] = sessions.keys();
      if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
    },
    forget(gone = []) {
      reading = undefined;
      const directories = new Set(gone.map(({ directory }) => directory));
      for (const [session, layers] of sessions) {
        sessions.set(
          session,
          layers.filter(({ directory }) => !directories.has(directory)),
        );
      }
    },
  };
}

const ofEcosystem = (layers: readonly StoredLayer[], ecosystem: Ecosystem): readonly StoredLayer[] =>
  layers.filter(({ record }) => record.ecosystem === ecosystem);
