import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { PoolEngine, Waiters } from './pool-engine.ts';
import { assigned, claimed, demanded, ownerGone } from './pool-events.ts';
import type { PoolMember } from './pool-member.ts';
import { hopelessForMs, leastBusy, membersOf, ownedBy } from './pool-state.ts';
import type { CallOptions, CompleteOptions, PoolWorker, WorkerSession } from './worker-pool-options.ts';

/** Takes places on workers for calls, waiting for one if it must. */
export interface TakeWorker<W> {
  /** @throws MeshError unavailable if waiting makes no sense, or was in vain. */
  shared(call: CallOptions): Promise<PoolMember<W>>;
  /** Takes a place on the worker of a session. @throws as `shared`. */
  own(session: WorkerSession, call: CallOptions): Promise<PoolMember<W>>;
}

export function createTake<W extends PoolWorker>(
  options: CompleteOptions<W>,
  engine: PoolEngine<W>,
  { queue, sessions }: Waiters<W>,
): TakeWorker<W> {
  const known = new WeakSet<WorkerSession>();

  const refuseIfHopeless = (kind: 'shared' | 'own'): void => {
    const pauseMs = hopelessForMs(engine.state, { limits: options, now: performance.now() }, kind);
    if (pauseMs === undefined) return;
    const { failure } = engine;
    const message = `${options.name} does not run and is tried again later: ${failure?.message}`;
    const retryAfterSeconds = Math.max(1, Math.ceil(pauseMs / 1_000));
    throw new MeshError('unavailable', message, { cause: failure, retryAfterSeconds });
  };
  const assign = (id: number | undefined): PoolMember<W> | undefined => {
    const member = id === undefined ? undefined : engine.member(id);
    if (member !== undefined) engine.dispatch(assigned(member.id));
    return member;
  };
  /** Ends the worker of a session with it. */
  const follow = (session: WorkerSession): void => {
    if (known.has(session)) return;
    known.add(session);
    const end = (): void => {
      engine.dispatch(ownerGone(session));
      sessions.drop(session);
    };
    session.ended.addEventListener('abort', end, { once: true });
  };

  return {
    async shared({ signal, waitMs = options.maxWaitMs }) {
      refuseIfHopeless('shared');
      const free = assign(leastBusy(engine.state.members, options.concurrency));
      if (free !== undefined) return free;
      const isFirst = membersOf('shared', engine.state.members).length === 0;
      const turn = queue.wait(signal, isFirst ? waitMs : options.maxWaitMs);
      engine.dispatch(demanded);
      return turn;
    },
    async own(session, { signal, waitMs = options.maxWaitMs }) {
      if (session.ended.aborted) throw new MeshError('unavailable', 'The session has ended');
      follow(session);
      const member = assign(ownedBy(session, engine.state.members));
      if (member !== undefined) return member;
      refuseIfHopeless('own');
      const turn = sessions.wait(session, { signal, waitMs });
      engine.dispatch(claimed(session));
      return turn;
    },
  };
}
