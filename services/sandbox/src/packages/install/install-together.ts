import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { Refusal } from '../refusal.ts';
import { formatSpec, type PackageSpec } from '../spec.ts';
import { createNotes } from './notes.ts';
import type { InstalledSet, InstallSet } from './install-set.ts';
import { createSharedTasks, type SharedTasksOptions } from './shared-tasks.ts';

export interface InstallOutcome extends InstalledSet {
  /** Notes of the checks and steps, one line each. */
  readonly output: string;
}

/**
 * Installs packages into one layer; calls that ask for the same packages at the same time share one install.
 * @throws RefusedInstall, MeshError unavailable when too many installs wait, what `signal` was aborted with
 */
export type InstallTogether = (
  ecosystem: Ecosystem,
  specs: readonly PackageSpec[],
  signal: AbortSignal,
) => Promise<InstallOutcome>;

export interface InstallTogetherOptions extends SharedTasksOptions {
  readonly installSet: InstallSet;
  /** Called when a layer was built rather than found. */
  readonly onNewLayer: () => void;
}

export function createInstallTogether(options: InstallTogetherOptions): InstallTogether {
  const { installSet, onNewLayer } = options;
  const tasks = createSharedTasks<InstallOutcome>(options);
  return (ecosystem, specs, signal) => {
    const key = JSON.stringify([ecosystem, specs.map(formatSpec).sort()]);
    return tasks.run(key, signal, async (shared) => {
      const notes = createNotes();
      try {
        const installed = await installSet(ecosystem, specs, { signal: shared, note: notes.note });
        if (!installed.isOld) onNewLayer();
        return { ...installed, output: notes.text() };
      } catch (error) {
        throw error instanceof Refusal ? new RefusedInstall(error, notes.text()) : error;
      }
    });
  };
}

/** A refusal together with the notes of the install that it ended. */
class RefusedInstall extends Error {
  override readonly name = 'RefusedInstall';
  readonly refusal: Refusal;
  readonly output: string;

  constructor(refusal: Refusal, output: string) {
    super(refusal.message, { cause: refusal });
    this.refusal = refusal;
    this.output = output;
  }
}

/** Returns the refusal that `error` is or carries. @throws `error` when it is no refusal */
export function refusedInstall(error: unknown): { readonly refusal: Refusal; readonly output: string } {
  if (error instanceof RefusedInstall) return error;
  if (error instanceof Refusal) return { refusal: error, output: '' };
  throw error;
}
