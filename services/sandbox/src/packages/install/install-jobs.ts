import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Ecosystem, InstallJob } from '@toolmesh/shared/contracts/packages';
import { Refusal } from '../refusal.ts';
import { formatSpec, type PackageSpec } from '../spec.ts';
import type { InstalledSet, InstallProgress, InstallSet } from './install-set.ts';
import { createNotes } from './notes.ts';
import { refusedInstall, RefusedInstall } from './refused-install.ts';
import { createTurns, type SharedTasksOptions } from './shared-tasks.ts';

export interface InstallOutcome extends InstalledSet {
  /** Notes of the checks and steps, one line each. */
  readonly output: string;
}

/** A caller that waits for an install. */
export interface InstallCaller {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** The longest that it waits. Default: that of the jobs. */
  readonly waitMs?: number | undefined;
}

/**
 * Installs of sets of packages. One that has begun goes on whether or not its callers wait, so that no work is thrown
 * away; calls that ask for the same packages meanwhile join it.
 */
export interface InstallJobs {
  /**
   * Installs packages into one layer, or joins the install that is under way.
   * @throws RefusedInstall, MeshError unavailable when too many installs wait, and when it takes longer than the caller
   * waits: then the same call joins it; what `signal` was aborted with
   */
  install(ecosystem: Ecosystem, specs: readonly PackageSpec[], caller: InstallCaller): Promise<InstallOutcome>;
  /** Begins an install that nobody waits for. Returns how it stands. @throws MeshError unavailable */
  start(ecosystem: Ecosystem, specs: readonly PackageSpec[]): InstallJob;
  /** Returns how an install stands; one that has ended is known for a while. @throws MeshError not_found */
  find(id: string): InstallJob;
  close(): void;
}

export interface InstallJobsOptions extends SharedTasksOptions {
  readonly installSet: InstallSet;
  /** Called when a layer was built rather than found. */
  readonly onNewLayer: () => void;
  /** The longest that a caller waits. */
  readonly waitMs: number;
  readonly now: () => Date;
}

interface Job {
  readonly id: string;
  readonly key: string;
  readonly ecosystem: Ecosystem;
  readonly specs: readonly PackageSpec[];
  readonly startedAt: Date;
  readonly listeners: Set<(progress: InstallProgress) => void>;
  readonly controller: AbortController;
  readonly outcome: Promise<InstallOutcome>;
  callers: number;
  state: 'queued' | 'running' | 'ended';
  progress: InstallProgress;
  ending: Pick<InstallJob, 'status' | 'reason' | 'packages' | 'output'> | undefined;
}

/** The longest that an install goes on. */
const MAX_INSTALL_MS = 1_800_000;
/** Ended jobs that are known. */
const MAX_ENDED = 200;
const RETRY_AFTER_SECONDS = 10;

export function createInstallJobs(options: InstallJobsOptions): InstallJobs {
  const { waitMs } = options;
  const running = new Map<string, Job>();
  const known = new Map<string, Job>();
  const inTurn = createTurns(options);

  const begin = (ecosystem: Ecosystem, specs: readonly PackageSpec[]): Job => {
    const key = JSON.stringify([ecosystem, specs.map(formatSpec).sort()]);
    const current = running.get(key);
    if (current !== undefined) return current;
    const job = createJob({ key, ecosystem, specs }, options, inTurn);
    running.set(key, job);
    known.set(job.id, job);
    forgetOldest(known);
    void job.outcome.catch(() => {}).finally(() => running.delete(key));
    return job;
  };

  return {
    async install(ecosystem, specs, { signal, onProgress = () => {}, waitMs: wait = waitMs }) {
      signal.throwIfAborted();
      const job = begin(ecosystem, specs);
      job.callers += 1;
      job.listeners.add(onProgress);
      const over = new AbortController();
      try {
        const late = sleep(wait, LATE, { signal: AbortSignal.any([signal, over.signal]), ref: false });
        late.catch(() => {});
        const first = await untilAborted(signal, () => Promise.race([job.outcome, late]));
        if (first === LATE) throw stillInstalling(job);
        return first;
      } finally {
        over.abort();
        job.listeners.delete(onProgress);
        job.callers -= 1;
        // What has not begun is of no use to anybody.
        if (job.callers === 0 && job.state === 'queued')
          job.controller.abort(signal.reason ?? new Error('nobody waits'));
      }
    },
    start(ecosystem, specs) {
      const job = begin(ecosystem, specs);
      // It is waited for by whoever asks for its state.
      job.callers += 1;
      return describe(job);
    },
    find(id) {
      const job = known.get(id);
      if (job === undefined) throw new MeshError('not_found', `There is no install "${id.slice(0, 64)}"`);
      return describe(job);
    },
    close() {
      for (const { controller } of running.values()) controller.abort(new Error('the service stops'));
    },
  };
}

const LATE = Symbol('late');

function createJob(
  { key, ecosystem, specs }: Pick<Job, 'key' | 'ecosystem' | 'specs'>,
  { installSet, onNewLayer, now }: InstallJobsOptions,
  inTurn: ReturnType<typeof createTurns>,
): Job {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(MAX_INSTALL_MS)]);
  const notes = createNotes();
  const run = async (): Promise<InstallOutcome> => {
    job.state = 'running';
    const report = (progress: InstallProgress): void => {
      job.progress = progress;
      for (const listener of job.listeners) listener(progress);
    };
    try {
      const installed = await installSet(ecosystem, specs, { signal, note: notes.note, report });
      if (!installed.isOld) onNewLayer();
      return { ...installed, output: notes.text() };
    } catch (error) {
      throw error instanceof Refusal ? new RefusedInstall(error, notes.text()) : error;
    }
  };
  // Turned away at once where too many wait, before there is a job.
  const outcome = inTurn(signal, run);
  const job: Job = {
    id: randomUUID(),
    key,
    ecosystem,
    specs,
    startedAt: now(),
    listeners: new Set(),
    controller,
    outcome,
    callers: 0,
    state: 'queued',
    progress: { done: 0, total: undefined, message: 'waits for other installs' },
    ending: undefined,
  };
  outcome.then(
    ({ layer, output }) => {
      const packages = layer.record.packages.map(({ name, version }) => ({ name, version }));
      end(job, { status: 'installed', packages, output });
    },
    (error: unknown) => end(job, failureOf(error)),
  );
  return job;
}

function end(job: Job, ending: NonNullable<Job['ending']>): void {
  job.state = 'ended';
  job.ending = ending;
}

function failureOf(error: unknown): NonNullable<Job['ending']> {
  try {
    const { refusal, output } = refusedInstall(error);
    return { status: 'failed', reason: refusal.reason, packages: [], output };
  } catch {
    const reason = { code: 'install_failed', message: 'The packages could not be installed' } as const;
    return { status: 'failed', reason, packages: [], output: '' };
  }
}

function describe(job: Job): InstallJob {
  const { id, ecosystem, specs, startedAt, progress, state, ending } = job;
  return {
    id,
    ecosystem,
    requested: specs.map(formatSpec),
    started_at: startedAt.toISOString(),
    progress: { done: progress.done, total: progress.total ?? null, message: progress.message },
    ...(ending ?? { status: state === 'queued' ? 'queued' : 'running', packages: [], output: '' }),
  };
}

function stillInstalling({ id, specs, progress }: Job): MeshError {
  const names = specs.map(formatSpec).join(', ');
  const message = `Still installing ${names}: ${progress.message}. It goes on; ask again in a while`;
  const { done, total = null } = progress;
  const details = [{ path: 'packages', message, install_id: id, done, total }];
  return new MeshError('unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS, details });
}

function forgetOldest(known: Map<string, Job>): void {
  if (known.size <= MAX_ENDED) return;
  for (const [id, { state }] of known) {
    if (state === 'ended') return void known.delete(id);
  }
}
