import type { Cgroup } from '../jail/cgroup.ts';
import type { Conversation, WorkerCommand } from './conversation.ts';
import { type LauncherProcess, type LaunchRequest, startLauncher } from './launcher-process.ts';

/** Makes workers by forking: much faster than starting each by a command of its own. */
export interface Launcher {
  /**
   * Starts a worker. Those of one `owner` are forks of the same process, those of different owners never are; without
   * names, all are of one. @throws Error when the launcher or the worker ended instead.
   */
  launch(request: LaunchRequest, group?: Cgroup, owner?: string): Promise<Conversation>;
  /** Has workers come from other processes from now on. Those before end when their last workers have gone. */
  renew(): void;
  /** Ends the launchers and all their workers. */
  close(): void;
}

/** The end of a launcher's service: its workers have the hash seed and the addresses of each other. */
export interface Renewal {
  /** Workers after which another one takes its place. */
  readonly workers: number;
  /** Time after which another one takes its place, when the next worker is asked for. */
  readonly ms: number;
}

export interface LauncherOptions {
  /** Returns a user id that no other worker has, for launchers that may set one. */
  readonly nextUser: () => number;
  readonly renewal: Renewal;
  readonly now?: () => number;
}

/** Owners that have a launcher of their own at the same time; that of the one who came longest ago ends. */
const MAX_OWNERS = 8;

/** One launcher process, from its start to the end of its last worker. */
interface Generation {
  readonly process: Promise<LauncherProcess>;
  readonly startedAt: number;
  /** Workers that it was asked for. */
  asked: number;
  /** Workers that are not gone. */
  alive: number;
  /** True when it ends with its last worker. */
  isRetired: boolean;
  successor?: Generation;
}

/**
 * Starts launchers when they are first needed, and others when those have ended or have served for long enough.
 * @param command is asked for at each start: what there is for programs may have changed
 */
export function createLauncher(
  command: () => WorkerCommand,
  { nextUser, renewal, now = () => performance.now() }: LauncherOptions,
): Launcher {
  const generations = createGenerations(command, now);
  return {
    async launch(request, group, owner = '') {
      const generation = generations.of(owner);
      generation.asked += 1;
      generation.alive += 1;
      const isOld = generation.asked >= renewal.workers || now() - generation.startedAt >= renewal.ms;
      if (isOld) generations.replace(owner, generation);
      const release = () => {
        generation.alive -= 1;
        endIfDone(generation);
      };
      try {
        const conversation = await (await generation.process).fork(request, nextUser(), group);
        void conversation.gone.then(release);
        return conversation;
      } catch (error) {
        release();
        throw error;
      }
    },
    renew: generations.retireAll,
    close: generations.close,
  };
}

const kill = ({ process }: Generation): void => void process.then((running) => running.kill()).catch(() => {});

function endIfDone(generation: Generation): void {
  if (generation.isRetired && generation.alive === 0) kill(generation);
}

function retire(generation: Generation): void {
  generation.isRetired = true;
  endIfDone(generation);
}

/** The launchers of all owners, and those that they have replaced. */
function createGenerations(command: () => WorkerCommand, now: () => number) {
  /** The present generation of each owner, the least recently used first. */
  const owners = new Map<string, Generation>();
  const all = new Set<Generation>();

  const start = (): Generation => {
    const process = startLauncher(command());
    const generation: Generation = { process, startedAt: now(), asked: 0, alive: 0, isRetired: false };
    all.add(generation);
    const forget = () => {
      all.delete(generation);
      for (const [owner, current] of owners) if (current === generation) owners.delete(owner);
    };
    process.then(({ gone }) => gone.then(forget), forget);
    return generation;
  };

  return {
    of(owner: string): Generation {
      const generation = owners.get(owner) ?? start();
      owners.delete(owner);
      owners.set(owner, generation);
      const [oldest] = owners;
      if (owners.size > MAX_OWNERS && oldest !== undefined) {
        owners.delete(oldest[0]);
        retire(oldest[1]);
      }
      return generation;
    },
    /** Starts the next generation, which takes over once it is ready: until then nobody waits for it. */
    replace(owner: string, old: Generation): void {
      if (old.successor !== undefined) return;
      const next = start();
      old.successor = next;
      const takeOver = () => {
        if (owners.get(owner) !== old) return retire(next);
        owners.set(owner, next);
        retire(old);
      };
      next.process.then(takeOver, () => delete old.successor);
    },
    retireAll(): void {
      const old = [...owners.values()];
      owners.clear();
      for (const generation of old) retire(generation);
    },
    close(): void {
      for (const generation of all) kill(generation);
    },
  };
}
