import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { type BuildEvent, type BuildState, nextBuildState } from './build-state.ts';
import { startBuilder } from './builder-process.ts';
import { findLayerFolder, finishedSets, LOCALES } from './layer-folder.ts';

/** Folder in a jail of all sets: those that are built later appear in it, also for workers that run. */
export const BASE_LAYER_HOME = '/opt/python-layer';

export interface BaseLayerStatus {
  readonly state: BuildState;
  /** The sets that programs have. */
  readonly ready: readonly string[];
  /** The sets that are missing. */
  readonly missing: readonly string[];
}

/** The libraries that every Python program has, as far as they are there: sets arrive while the service runs. */
export interface BaseLayer {
  /** Folder of all sets, which a jail shows at {@link BASE_LAYER_HOME}. */
  readonly directory: string;
  /** Returns the folders on the host that Python imports from, in order. */
  folders(): readonly string[];
  /** Returns the same folders as a jail shows them, for `PYTHONPATH`. */
  path(): readonly string[];
  /** More of a program's environment: the folder in which its C library finds locales. */
  env(): Readonly<Record<string, string>>;
  status(): BaseLayerStatus;
  /** Calls back with each set that arrives. Returns how to end that. */
  onSet(listener: (set: string) => void): () => void;
  /** Begins to build what is missing. */
  build(): void;
  close(): void;
}

export interface BaseLayerOptions {
  readonly cacheDirectory: string;
  readonly python: string;
  /** The environment of builds. */
  readonly env: Readonly<Record<string, string>>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Somebody else may build, too: another service, or `npm run python-layer`. */
const LOOK_MS = 10_000;

/** Opens the base layer as it is. @throws Error when there is no such interpreter */
export async function openBaseLayer(options: BaseLayerOptions): Promise<BaseLayer> {
  const { cacheDirectory, python, logger } = options;
  const folder = await findLayerFolder(cacheDirectory, python);
  const listeners = new Set<(set: string) => void>();
  makeReady(folder.directory);
  let ready = finishedSets(folder);
  let state: BuildState = { phase: ready.length === folder.sets.length ? 'complete' : 'off' };
  let stop = (): void => {};
  let retry: NodeJS.Timeout | undefined;

  const look = (): void => {
    const known = new Set(ready);
    ready = finishedSets(folder);
    for (const set of ready.filter((one) => !known.has(one))) {
      logger.info({ set }, 'a set of libraries is there for programs');
      for (const listener of listeners) listener(set);
    }
    if (ready.length < folder.sets.length) return;
    clearInterval(looking);
    apply({ type: 'complete' });
  };
  const looking = setInterval(look, LOOK_MS).unref();
  if (state.phase === 'complete') clearInterval(looking);

  const apply = (event: BuildEvent): void => {
    const before = state;
    const step = nextBuildState(before, event, Math.random());
    ({ state } = step);
    if (state.phase === 'failed' && before.phase !== 'failed') {
      logger.warn({ reason: state.reason, retryMs: state.retryMs }, 'the libraries of programs are not complete');
    }
    for (const effect of step.effects) {
      if (effect.type === 'wait') retry = setTimeout(apply, effect.ms, { type: 'retry_due' }).unref();
      else stop = startBuilder(options, receive);
    }
  };
  const receive = (event: BuildEvent): void => {
    if (event.type !== 'progress' || state.phase !== 'building' || event.set !== state.set) look();
    // A build that ends well and leaves something out has not built what this service looks for.
    const isShort = event.type === 'complete' && ready.length < folder.sets.length;
    apply(isShort ? { type: 'failed', reason: 'the build has left some libraries out', isLasting: true } : event);
  };

  const here = () => folder.importable.filter((set) => ready.includes(set));
  return {
    directory: folder.directory,
    folders: () => here().map((set) => join(folder.directory, set)),
    path: () => here().map((set) => `${BASE_LAYER_HOME}/${set}`),
    env: () => (ready.includes(LOCALES) ? { LOCPATH: `${BASE_LAYER_HOME}/${LOCALES}` } : {}),
    status: () => ({ state, ready, missing: folder.sets.filter((set) => !ready.includes(set)) }),
    onSet: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    build: () => apply({ type: 'start' }),
    close: () => {
      clearInterval(looking);
      clearTimeout(retry);
      stop();
      listeners.clear();
    },
  };
}

/** A jail shows the folder from its start on, so that what comes into it later is seen; it says, too, that it is used. */
function makeReady(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    utimesSync(directory, new Date(), new Date());
  } catch {
    // Read-only: what an image has is complete, or the build says why it cannot be.
  }
}
