import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Mesh } from './mesh.ts';
import type { MeshConfig } from './mesh-config.ts';

export interface ReloadOptions {
  readonly path: string;
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

/**
 * Applies mesh.json again whenever it changes. A bad edit changes nothing: the last good state stays, and the log says
 * why.
 */
export function reloadOnChange({ path, load, mesh, logger }: ReloadOptions): Reloader {
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

  // The folder, for editors replace a file rather than write to it.
  const name = basename(path);
  const watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
    if (changed === null || changed === name) soon();
  });
  watcher.on('error', (error) => logger.warn({ err: error }, 'mesh.json is not watched any more; use SIGHUP'));
  return {
    soon,
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
