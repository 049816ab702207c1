import type { WaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import type { PoolEngine } from './pool-engine.ts';
import { doubted, looked } from './pool-events.ts';
import type { PoolMember } from './pool-member.ts';
import { isOpen, membersOf } from './pool-state.ts';
import type { PoolWorker, WorkerPool } from './worker-pool-options.ts';

/** Returns the `look` of a pool. */
export function createLook<W extends PoolWorker>(
  engine: PoolEngine<W>,
  looks: WaitingQueue<PoolMember<W>>,
): WorkerPool<W>['look'] {
  /** Returns the shared member that has least to do; unlike a call it finds room on any. */
  const find = (): PoolMember<W> | undefined => {
    const open = [...engine.state.members].filter(([, member]) => member.owner === undefined && isOpen(member));
    const [best] = open.toSorted(([, one], [, other]) => one.active - other.active);
    return best === undefined ? undefined : engine.member(best[0]);
  };
  const first = async (signal: AbortSignal): Promise<PoolMember<W>> => {
    const turn = looks.wait(signal);
    engine.dispatch(looked(1));
    return turn.finally(() => engine.dispatch(looked(-1)));
  };

  let hasLooked = false;
  /** Returns whether there is no worker to ask, and none is needed: what it offers is known, and nothing says that it fails. */
  const isWell = (): boolean => {
    const { members, backOff } = engine.state;
    // Those that may hang are being pinged, and say by that if they are well.
    if (membersOf('shared', members).length > 0) return true;
    return hasLooked && !backOff.isFailing;
  };

  return async (task, signal) => {
    const found = find();
    if (found === undefined && isWell()) return undefined;
    const member = found ?? (await first(signal));
    try {
      const result = await member.run(task, signal);
      hasLooked = true;
      return result;
    } catch (error) {
      const state = engine.state.members.get(member.id);
      // It was closed meanwhile, as one too many.
      if (state === undefined && !signal.aborted && engine.failure === undefined) return undefined;
      if (!signal.aborted) throw error;
      engine.dispatch(doubted(member.id));
      if ((state?.active ?? 0) > 0) return undefined;
      throw error;
    }
  };
}
