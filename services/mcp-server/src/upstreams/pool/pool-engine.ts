import { AsyncLocalStorage } from 'node:async_hooks';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { WaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import { remainingMs } from './back-off.ts';
import { createPoolMember, type PoolMember } from './pool-member.ts';
import { closed, demanded, ended, pinged, pingFailed, started, startFailed } from './pool-events.ts';
import { EMPTY_POOL, type Loss, type Owner, type PoolEffect, type PoolEvent, step } from './pool-state.ts';
import type { SessionWorkers } from './session-workers.ts';
import { type FailedStart, startWorker } from './start-worker.ts';
import type { CompleteOptions, PoolWorker } from './worker-pool-options.ts';

/** Callers that wait. */
export interface Waiters<W> {
  /** Calls without a session. */
  readonly queue: WaitingQueue<PoolMember<W>>;
  readonly sessions: SessionWorkers<W>;
  /** Polls of the lists. */
  readonly looks: WaitingQueue<PoolMember<W>>;
}

/** Runs the state machine of a pool: applies events and performs their effects on the workers. */
export class PoolEngine<W extends PoolWorker> {
  readonly #options: CompleteOptions<W>;
  readonly #waiters: Waiters<W>;
  readonly #closing: AbortSignal;
  /** Those of the state, by the same ids. */
  readonly #members = new Map<number, PoolMember<W>>();
  readonly #starts = new Set<Promise<void>>();
  readonly #endings = new Set<Promise<void>>();
  readonly #drained = Promise.withResolvers<void>();
  // A worker outlives the request that made the pool grow: its log lines must not carry that request's ids.
  readonly #outside = AsyncLocalStorage.snapshot();
  #state = EMPTY_POOL;
  #failure: MeshError | undefined;
  #growTimer: NodeJS.Timeout | undefined;
  #lastId = 0;

  /** `closing` aborts when the pool begins to close. */
  constructor(options: CompleteOptions<W>, waiters: Waiters<W>, closing: AbortSignal) {
    this.#options = options;
    this.#waiters = waiters;
    this.#closing = closing;
  }

  get state() {
    return this.#state;
  }

  /** The last loss of a worker or failed start. Undefined after a start that went well. */
  get failure() {
    return this.#failure;
  }

  /** Resolves when the last call of a closing pool has ended. */
  get drained() {
    return this.#drained.promise;
  }

  member(id: number): PoolMember<W> | undefined {
    return this.#members.get(id);
  }

  dispatch(event: PoolEvent): void {
    const context = { limits: this.#options, now: performance.now(), random: Math.random() };
    const { state, effects } = step(this.#state, event, { ...context, waiting: this.#waiters.queue.length });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  /** Resolves when all starts and endings are over. */
  async settled(): Promise<void> {
    clearTimeout(this.#growTimer);
    await Promise.all(this.#starts);
    await Promise.all(this.#endings);
  }

  #perform(effect: PoolEffect): void {
    const { sessions } = this.#waiters;
    if (effect.type === 'start') this.#outside(() => this.#track(this.#starts, this.#start(effect.owner)));
    else if (effect.type === 'grow later') this.#growLater(effect.afterMs);
    else if (effect.type === 'refuse waiting') this.#refuseWaiting();
    else if (effect.type === 'refuse owner') sessions.refuse(effect.owner, effect.isFull ? undefined : this.#failure);
    else if (effect.type === 'forget') sessions.forget(effect);
    else if (effect.type === 'drained') this.#drained.resolve();
    else {
      const member = this.#members.get(effect.id);
      if (member !== undefined) this.#performOn(member, effect);
    }
  }

  #performOn(member: PoolMember<W>, effect: Extract<PoolEffect, { readonly id: number }>): void {
    const { queue, sessions } = this.#waiters;
    if (effect.type === 'serve') queue.serve(member);
    else if (effect.type === 'serve owner') sessions.serve(effect.owner, member);
    else if (effect.type === 'ping') void this.#ping(member);
    else if (effect.type === 'fail') this.#fail(member, effect.calls, effect.loss);
    else this.#close(member, effect.isOwn);
  }

  async #start(owner: Owner | undefined): Promise<void> {
    const start = await startWorker(this.#options, this.#closing);
    if ('worker' in start) this.#join(start.worker, owner);
    else this.#startFailed(start, owner);
    this.#options.onChange();
  }

  #join(worker: W, owner: Owner | undefined): void {
    const id = (this.#lastId += 1);
    const member = createPoolMember(id, worker);
    this.#members.set(id, member);
    void worker.gone.then((cause) => this.dispatch(ended(id, this.#lossOf(`ended: ${cause.message}`, cause))));
    this.#failure = undefined;
    if (owner === undefined) while (this.#waiters.looks.serve(member));
    this.dispatch(started(id, owner));
  }

  #startFailed({ error, cleanup }: FailedStart, owner: Owner | undefined): void {
    const { name, logger } = this.#options;
    const isClosing = this.#closing.aborted;
    if (!isClosing) this.#failure = error;
    if (cleanup !== undefined) this.#awaitEnd(cleanup, owner !== undefined);
    this.#waiters.looks.refuse(error);
    this.dispatch(startFailed({ isEnding: cleanup !== undefined, owner }));
    const retryInMs = Math.round(remainingMs(this.#state.backOff, performance.now()));
    // The health of the upstream says why, at warn, and not again and again.
    if (!isClosing) logger.info({ pool: name, reason: error.message, retryInMs }, 'a worker did not start');
  }

  #growLater(afterMs: number): void {
    clearTimeout(this.#growTimer);
    this.#growTimer = setTimeout(() => this.dispatch(demanded), afterMs);
  }

  #refuseWaiting(): void {
    if (this.#failure !== undefined) this.#waiters.queue.refuse(this.#failure);
  }

  async #ping({ id, worker }: PoolMember<W>): Promise<void> {
    const { pingTimeoutMs: ms } = this.#options;
    const late = () => new Error(`no answer to a ping within ${ms} ms`);
    const answer = withDeadline({ signal: this.#closing, ms, late }, (signal) => worker.ping(signal));
    const event = await answer.then(
      () => pinged(id),
      (cause: unknown) => {
        const answered = Error.isError(cause) ? cause.message : 'no answer';
        return pingFailed(id, this.#lossOf(`gave ${answered}`, cause));
      },
    );
    this.dispatch(event);
  }

  #fail(member: PoolMember<W>, calls: number, { reason, error }: Loss): void {
    this.#failure = error;
    if (!this.#closing.aborted)
      this.#options.logger.warn({ pool: this.#options.name, calls, reason }, 'a worker was lost');
    member.fail(error);
  }

  #close({ id, worker }: PoolMember<W>, isOwn: boolean): void {
    this.#members.delete(id);
    this.#awaitEnd(worker.close(), isOwn);
    this.#options.onChange();
  }

  #awaitEnd(end: Promise<void>, isOwn: boolean): void {
    const { name, closeMs: ms, logger } = this.#options;
    const late = () => new Error(`it did not end within ${ms} ms`);
    const ending = withDeadline({ ms, late }, () => end)
      .catch((error: unknown) => logger.warn({ err: error, pool: name }, 'a worker did not close'))
      .then(() => this.dispatch(closed({ isOwn })));
    this.#track(this.#endings, ending);
  }

  #track(tasks: Set<Promise<void>>, task: Promise<void>): void {
    const tracked = task.finally(() => tasks.delete(tracked));
    tasks.add(tracked);
  }

  #lossOf(how: string, cause: unknown): Loss {
    const message = `The process of ${this.#options.name} that ran the call ${how}`;
    return { reason: how, error: new MeshError('upstream_failed', message, { cause }) };
  }
}
