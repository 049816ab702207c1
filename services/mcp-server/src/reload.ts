import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Mesh } from './mesh.ts';
import type { MeshConfig } from './mesh-config/load-mesh-config.ts';

export interface ReloadOptions {
  readonly path: string;
  /** A file of variables that it may name. */
  readonly envPath?: string | undefined;
  /** Reads the file. @throws Error that lists what is wrong with it. */
  readonly load: () => MeshConfig;
  readonly mesh: Mesh;
  readonly logger: Logger;
}

export interface Reloader {
  /** Reads the file once changes have settled, whether or not it has changed. */
  soon(): void;
  /** Stops watching. */
  close(): void;
}

/** An editor writes a file in several steps. */
const SETTLE_MS = 200;
/** Time until a change is seen that no event announces: in the folder that a link leads to, or on a network drive. */
const POLL_MS = 2_000;

/**
 * Applies mesh.json again whenever it changes. A bad edit changes nothing: the last good state stays, and the log says
 * why.
 */
export function reloadOnChange({ path, envPath, load, mesh, logger }: ReloadOptions): Reloader {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let lastProblem: string | undefined;

  const reload = async (): Promise<void> => {
    try {
      const change = await mesh.apply(load());
      lastProblem = undefined;
      if (Object.values(change).some((names: readonly string[]) => names.length > 0)) {
        logger.info(change, 'mesh.json was applied');
      }
    } catch (error) {
      const problem = Error.isError(error) ? error.message : String(error);
      if (problem !== lastProblem) logger.error({ problem }, 'mesh.json was not applied; the last good state stays');
      lastProblem = problem;
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(reload);
    }, SETTLE_MS).unref();
  };
  const watched = envPath === undefined ? [path] : [path, envPath];
  const stops = watched.map((file) => watchContent(file, soon, logger));
  return {
    soon,
    close() {
      clearTimeout(timer);
      for (const stop of stops) stop();
    },
  };
}

/**
 * Calls `onChange` when the text of the file at `path` is another than before, also when the path is a link and what it
 * leads to has changed: Kubernetes swaps the folder behind the links of a ConfigMap. Returns what stops that.
 */
function watchContent(path: string, onChange: () => void, logger: Logger): () => void {
  // Unknown at first: the file may have changed while the hub started.
  let known: string | undefined;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    // A file that is away for a moment is being replaced; one that stays away changes nothing.
    const text = await readFile(path, 'utf8').catch(() => known);
    if (text === known) return;
    known = text;
    onChange();
  };
  const lookOnce = (): void => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  };
  const watcher = watchFolder(dirname(path), lookOnce, logger);
  const polling = setInterval(lookOnce, POLL_MS).unref();
  return () => {
    clearInterval(polling);
    watcher?.close();
  };
}

/** Calls `onEvent` at every change in a folder: editors replace a file rather than write to it. */
function watchFolder(folder: string, onEvent: () => void, logger: Logger): FSWatcher | undefined {
  const warn = (error: unknown) =>
    logger.warn({ err: error }, 'mesh.json is not watched; it is read every two seconds');
  try {
    return watch(folder, { persistent: false }, onEvent).on('error', warn);
  } catch (error) {
    warn(error);
    return undefined;
  }
}
